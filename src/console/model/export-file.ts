import { type Client, keyPath, type Parameters } from '../api/client.ts'

/** Formats of an export, by what the reader calls them. */
export const EXPORTS = {
  CSV: { accept: 'text/csv', extension: 'csv', mark: '\ufeff' },
  NDJSON: { accept: 'application/x-ndjson', extension: 'ndjson', mark: '' },
} as const
export type ExportName = keyof typeof EXPORTS

/**
 * Fetches everything that matches and hands it to the browser as a file; rejects with `ApiError`. A CSV starts with
 * a byte order mark, without which spreadsheets take UTF-8 for something else.
 */
export async function exportFile(
  client: Client,
  key: string,
  parameters: Parameters,
  name: ExportName,
): Promise<void> {
  const { accept, extension, mark } = EXPORTS[name]
  const response = await client.open(keyPath(key, 'history'), parameters, { accept })
  const file = new Blob([mark, await response.blob()], { type: accept })
  const link = document.createElement('a')
  link.href = URL.createObjectURL(file)
  link.download = `keytrail-${key.replace(/[^\w.-]+/g, '_').slice(0, 80)}.${extension}`
  link.click()
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000)
}
