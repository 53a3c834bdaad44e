/** The length of the HTTP/1.1 message at the start of `bytes`, 0 while it isn't whole. Its body must have a length. */
export function messageLength(bytes: Buffer): number {
  const head = bytes.indexOf('\r\n\r\n')
  if (head < 0) return 0
  const fields = bytes.toString('latin1', 0, head + 2)
  const length = head + 4 + contentLength(fields)
  return bytes.length < length ? 0 : length
}

function contentLength(fields: string): number {
  let at = fields.indexOf('\r\ncontent-length: ')
  if (at < 0) at = fields.indexOf('\r\nContent-Length: ')
  if (at < 0) at = fields.toLowerCase().indexOf('\r\ncontent-length: ')
  return at < 0 ? 0 : Number.parseInt(fields.slice(at + 18, fields.indexOf('\r\n', at + 18)), 10)
}
