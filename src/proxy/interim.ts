import { type ServerResponse, validateHeaderName, validateHeaderValue } from 'node:http'

/** An answer before the answer; headers as name, value, name, value …. */
export interface InterimAnswer {
  readonly status: number
  readonly statusText: string
  readonly headers: readonly string[]
}

/**
 * Gives the client an interim answer, as a proxy must (RFC 9110 15.2). Where the client does not keep up it is
 * dropped: it may come or not, and nobody waits for it.
 */
export function releaseInterim(
  response: ServerResponse,
  { status, statusText, headers }: InterimAnswer,
): void {
  const { socket } = response
  if (socket === null || response.headersSent || socket.writableNeedDrain) return
  let head = `HTTP/1.1 ${status} ${statusText}\r\n`
  for (let i = 0; i + 1 < headers.length; i += 2) head += `${headers[i]}: ${headers[i + 1]}\r\n`
  if (isWritable(statusText, headers)) socket.write(`${head}\r\n`, 'latin1')
}

/** Whether Node's writer would take it: `socket.write` does not look. */
function isWritable(statusText: string, headers: readonly string[]): boolean {
  try {
    validateHeaderValue('status', statusText)
    for (let i = 0; i + 1 < headers.length; i += 2) {
      validateHeaderName(String(headers[i]))
      validateHeaderValue(String(headers[i]), String(headers[i + 1]))
    }
    return true
  } catch {
    return false
  }
}
