import { type Attack, attack, chunked, strictly } from './attack.ts'

/** Chunked bodies that can be read in one way. */
const READABLE: Record<string, string> = {
  'several chunks': '1\r\na\r\n2\r\nbc\r\n0\r\n\r\n',
  'an extension': '3;a=b\r\nabc\r\n0\r\n\r\n',
  'zeros before the size': '0003\r\nabc\r\n000\r\n\r\n',
  'a trailer, which is dropped': '3\r\nabc\r\n0\r\nX-Sum: y\r\n\r\n',
}

/** Those that can't. */
const UNREADABLE: Record<string, string> = {
  'an extension that ends with LF (TERM.EXT)': '3;a\nabc\r\n0\r\n\r\n',
  'LF in an extension': '3;a="\n"\r\nabc\r\n0\r\n\r\n',
  'CR in an extension': '3;a\rb\r\nabc\r\n0\r\n\r\n',
  'NUL in an extension': '3;a\0\r\nabc\r\n0\r\n\r\n',
  'an extension without a name': '3;\r\nabc\r\n0\r\n\r\n',
  'a space before an extension': '3 ;a\r\nabc\r\n0\r\n\r\n',
  'a space behind the size': '3 \r\nabc\r\n0\r\n\r\n',
  'a tab behind the size': '3\t\r\nabc\r\n0\r\n\r\n',
  'a space before the size': ' 3\r\nabc\r\n0\r\n\r\n',
  'a size that ends with LF': '3\nabc\r\n0\r\n\r\n',
  'a size that ends with CR': '3\rabc\r\n0\r\n\r\n',
  'data that end with LF (SPILL.TERM)': '3\r\nabc\n0\r\n\r\n',
  'data that end with CR': '3\r\nabc\r0\r\n\r\n',
  'data without an end': '3\r\nabc0\r\n\r\n',
  'data longer than their size': '3\r\nabcd\r\n0\r\n\r\n',
  'data shorter than their size': '3\r\nab\r\n0\r\n\r\n',
  'a hexadecimal sign': '0x3\r\nabc\r\n0\r\n\r\n',
  'a minus': '-3\r\nabc\r\n0\r\n\r\n',
  'a plus': '+3\r\nabc\r\n0\r\n\r\n',
  'an underscore': '0_3\r\nabc\r\n0\r\n\r\n',
  'more than 64 bits': '10000000000000003\r\nabc\r\n0\r\n\r\n',
  'no size': '\r\nabc\r\n0\r\n\r\n',
  'an extension alone': ';a\r\nabc\r\n0\r\n\r\n',
  'a folded trailer': '0\r\nX: y\r\n z\r\n\r\n',
  'CR in a trailer': '0\r\nX: y\rz\r\n\r\n',
  'LF in a trailer': '0\r\nX: y\nz\r\n\r\n',
  'a trailer without a colon': '0\r\nX\r\n\r\n',
  'a last chunk that ends with LF': '3\r\nabc\r\n0\n\r\n',
}

export const CHUNKS: readonly Attack[] = [
  ...Object.entries(READABLE).map(([name, body]) => attack(`chunks: ${name}`, chunked(body), 'POST(abc)')),
  ...Object.entries(UNREADABLE).map(([name, body]) => attack(`chunks: ${name}`, chunked(body), 400)),
  strictly('chunks: an end of LF', chunked('3\r\nabc\r\n0\r\n\n'), 400),
  strictly('chunks: a space before a trailer’s colon', chunked('0\r\nX : y\r\n\r\n'), 400),
  strictly('chunks: Content-Length in a trailer', chunked('0\r\nContent-Length: 5\r\n\r\n'), 400),
  attack('chunks: endless extension', chunked(`3;${'a'.repeat(20_000)}\r\nabc\r\n0\r\n\r\n`), 400),
]
