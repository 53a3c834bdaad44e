/** Bytes that a certain version of a key made: `ncpkms:v<version>:<base64>`. The prefix must not be stripped. */
export interface VersionedBytes {
  readonly version: number
  readonly bytes: Buffer
}

const pattern = /^ncpkms:v([1-9][0-9]{0,2}):([A-Za-z0-9+/]+={0,2})$/

export function formatVersioned(version: number, bytes: Buffer): string {
  return `ncpkms:v${version}:${bytes.toString('base64')}`
}

/** Reads what {@link formatVersioned} wrote, to the letter; null for anything else. */
export function parseVersioned(text: string): VersionedBytes | null {
  const [, version = '', base64 = ''] = pattern.exec(text) ?? []
  if (version === '') return null
  const bytes = Buffer.from(base64, 'base64')
  // Node's decoder is lenient (missing padding, stray bits); a second spelling of a ciphertext is none.
  return bytes.toString('base64') === base64 ? { version: Number(version), bytes } : null
}
