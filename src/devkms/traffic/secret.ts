/** Fields of requests and answers that no log, record or metric may ever hold. */
const secretFields = new Set(['plaintext', 'ciphertext', 'data', 'signature', 'accessToken', 'refreshToken'])

/** The secret values among an object's fields; arrays of them are flattened, empty ones left out. */
export function collectSecrets(fields: object): readonly string[] {
  return Object.entries(fields)
    .filter(([name]) => secretFields.has(name))
    .flatMap(([, value]) => value)
    .filter((value): value is string => typeof value === 'string' && value !== '')
}
