import { type Attack, attack, chunked, HIDDEN, request, strictly } from './attack.ts'

const LENGTH = `Content-Length: ${HIDDEN.length}\r\n`
const CHUNKED = 'Transfer-Encoding: chunked\r\n'
const END = `0\r\n\r\n`

/** Transfer-Encoding in all its spellings, each with an end that the length would hide. */
const CODINGS: Record<string, string> = {
  'Transfer-Encoding: xchunked': 'xchunked',
  'Transfer-Encoding: chunkedx': 'chunkedx',
  'chunked twice in one': 'chunked, chunked',
  'chunked before another': 'chunked, gzip',
  'chunked behind another': 'gzip, chunked',
  'chunked behind nothing': ', chunked',
  'chunked before nothing': 'chunked,',
  'chunked behind identity': 'identity, chunked',
  'chunked behind an unknown one': 'x, chunked',
  'chunked with a parameter': 'chunked;q=1',
  'chunked in quotes': '"chunked"',
  'identity alone': 'identity',
  'gzip alone': 'gzip',
  'a tab within chunked': 'chun\tked',
  'vertical tab before chunked': '\x0bchunked',
  'form feed behind chunked': 'chunked\x0c',
  'NUL behind chunked': 'chunked\0',
  'no-break space before chunked': '\xa0chunked',
}

const LENGTHS: Record<string, string> = {
  'a sign': '+3',
  'a minus': '-3',
  'a list of equal ones': '3, 3',
  'a list of unequal ones': '3, 4',
  hexadecimal: '0x3',
  'a fraction': '3.0',
  'an exponent': '3e0',
  'a space within': '3 3',
  'a semicolon': '3;',
  'leading zeros': '03',
  nothing: '',
  'more than 64 bits': '18446744073709551619',
  'other digits': '\xb3',
  'an underscore': '1_0',
}

export const FRAMING: readonly Attack[] = [
  attack('CL.TE', request(LENGTH + CHUNKED, END + HIDDEN), 400),
  attack(
    'TE.CL',
    request(`${CHUNKED}Content-Length: 3\r\n`, `${HIDDEN.length.toString(16)}\r\n${HIDDEN}\r\n${END}`),
    400,
  ),
  attack('TE.CL, length 0', request(`${CHUNKED}Content-Length: 0\r\n`, END), 400),
  attack('TE.TE', request(CHUNKED + CHUNKED, END), 400),
  attack('TE.TE, one of them obscure', request(`${CHUNKED}Transfer-encoding: x\r\n`, END), 400),
  attack('TE.TE, one of them empty', request(`Transfer-Encoding:\r\n${CHUNKED}`, END), 400),
  attack('TE.TE, identity second', request(`${CHUNKED}Transfer-Encoding: identity\r\n`, END), 400),
  attack('chunked in another case', request('transfer-ENCODING: Chunked\r\n', `1\r\na\r\n${END}`), 'POST(a)'),
  attack('a tab before chunked', request('Transfer-Encoding:\tchunked\r\n', `1\r\na\r\n${END}`), 'POST(a)'),
  strictly('a space before the colon', request('Transfer-Encoding : chunked\r\n', END), 400),
  strictly('a tab before the colon', request('Transfer-Encoding\t: chunked\r\n', END), 400),
  attack('Transfer_Encoding', request(`Transfer_Encoding: chunked\r\n${LENGTH}`, HIDDEN), 400),
  attack('Content_Length', request('Content_Length: 5\r\n'), 400),
  attack(
    'chunks in HTTP/1.0',
    `POST /k/{k} HTTP/1.0\r\nHost: a\r\nConnection: keep-alive\r\n${CHUNKED}\r\n${END}`,
    400,
  ),
  attack('Content-Length twice, equal', request('Content-Length: 3\r\nContent-Length: 3\r\n', 'abc'), 400),
  attack('Content-Length twice, unequal', request(`Content-Length: 0\r\n${LENGTH}`, HIDDEN), 400),
  attack(
    'Content-Length named by Connection',
    request('Connection: Content-Length\r\nContent-Length: 3\r\n', 'abc'),
    'POST(abc)',
  ),
  attack(
    'Transfer-Encoding named by Connection',
    request(`Connection: Transfer-Encoding\r\n${CHUNKED}`, `1\r\na\r\n${END}`),
    'POST(a)',
  ),
  attack('coding: none', request('Transfer-Encoding:\r\n'), 400),
  ...Object.entries(CODINGS).map(([name, value]) =>
    attack(`coding: ${name}`, request(`Transfer-Encoding: ${value}\r\n`, END), 400),
  ),
  ...Object.entries(LENGTHS).map(([name, value]) =>
    attack(`length: ${name}`, request(`Content-Length: ${value}\r\n`, 'abc'), 400),
  ),
  ...['GET', 'HEAD', 'DELETE', 'OPTIONS', 'TRACE', 'LIST'].flatMap((method) => [
    attack(`${method} with a body`, request(LENGTH, HIDDEN, method), `${method}(${HIDDEN})`),
    attack(`${method} with a chunked body`, chunked(`3\r\nabc\r\n${END}`, method), `${method}(abc)`),
    attack(`${method} with length 0`, request('Content-Length: 0\r\n', '', method), `${method}()`),
  ]),
]
