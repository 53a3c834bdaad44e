/** A PROXY header of version 2: `command` with the version, `family` with the transport, then the rest. */
export function proxyHeaderV2(command: number, family: number, rest: readonly number[]): Buffer {
  const start = Buffer.from('\r\n\r\n\0\r\nQUIT\n', 'latin1')
  return Buffer.concat([
    start,
    Buffer.from([command, family, rest.length >> 8, rest.length & 0xff]),
    Buffer.from(rest),
  ])
}
