import { type Attack, attack, HIDDEN, request, strictly } from './attack.ts'

function line(text: string, headers = 'Host: a\r\n'): string {
  return `${text}\r\n${headers}\r\n`
}

/** The request line, and the form of its target. */
const LINES: readonly Attack[] = [
  strictly('bare LF behind the request line', 'GET /k/{k} HTTP/1.1\nHost: a\r\n\r\n', 400),
  attack('bare CR behind the request line', 'GET /k/{k} HTTP/1.1\rHost: a\r\n\r\n', 400),
  strictly('bare LF everywhere', 'GET /k/{k} HTTP/1.1\nHost: a\n\n', 400),
  attack('CRLF before the request line', `\r\n${line('GET /k/{k} HTTP/1.1')}`, 'GET()'),
  attack('bare LF before the request line', `\n${line('GET /k/{k} HTTP/1.1')}`, 'GET()'),
  attack('a space before the request line', ` ${line('GET /k/{k} HTTP/1.1')}`, 400),
  attack('two spaces behind the method', line('GET  /k/{k} HTTP/1.1'), 'GET()'),
  attack('two spaces before the version', line('GET /k/{k}  HTTP/1.1'), 'GET()'),
  attack('a tab behind the method', line('GET\t/k/{k} HTTP/1.1'), 400),
  strictly('a tab before the version', line('GET /k/{k}\tHTTP/1.1'), 400),
  attack('a space in the target', line('GET /k/{k} /x HTTP/1.1'), 400),
  attack('HTTP/0.9', 'GET /k/{k}\r\n', 400),
  attack('HTTP/0.9 with headers', line('GET /k/{k}'), 400),
  attack('HTTP/0.9 by name', line('GET /k/{k} HTTP/0.9'), 400),
  attack('HTTP/1.2', line('GET /k/{k} HTTP/1.2'), 400),
  attack('HTTP/2.0', line('GET /k/{k} HTTP/2.0'), 400),
  attack('HTTP/1.10', line('GET /k/{k} HTTP/1.10'), 400),
  attack('HTTP/01.1', line('GET /k/{k} HTTP/01.1'), 400),
  attack('http/1.1', line('GET /k/{k} http/1.1'), 400),
  attack('a space behind the version', line('GET /k/{k} HTTP/1.1 '), 400),
  attack('the preface of HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 400),
  attack('a TLS handshake', '\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03', 400),
  attack('an unasked PROXY header', `PROXY TCP4 1.1.1.1 2.2.2.2 1 2\r\n${line('GET /k/{k} HTTP/1.1')}`, 400),
  attack('RTSP', line('PLAY /k/{k} RTSP/1.0'), 400),
  attack('a method of RTSP', line('PLAY /k/{k} HTTP/1.1'), 400),
  attack('a method but for its case', line('delete /k/{k} HTTP/1.1'), 400),
  attack('a method with a control character', line('GE\x01T /k/{k} HTTP/1.1'), 400),
  attack('a method of 33 bytes', line(`${'X'.repeat(33)} /k/{k} HTTP/1.1`), 400),
  attack('CONNECT', line('CONNECT a:443 HTTP/1.1'), 501),
  attack('absolute form', line('GET http://a/k/{k} HTTP/1.1'), 400),
  attack('absolute form of another host', line('GET http://b/k/{k} HTTP/1.1'), 400),
  attack('authority form', line('GET a:80 HTTP/1.1'), 400),
  attack('asterisk form', line('OPTIONS * HTTP/1.1'), 400),
  attack('asterisk form of GET', line('GET * HTTP/1.1'), 400),
  attack('no target', line('GET HTTP/1.1'), 400),
  attack('a fragment', line('GET /k/{k}#x HTTP/1.1'), 400),
  attack('bytes beyond ASCII in the target', line('GET /k/{k}\xe9 HTTP/1.1'), 400),
  attack('NUL in the target', line('GET /k/{k}\0 HTTP/1.1'), 400),
  attack('a CRLF in escapes', line('GET /k/{k}%0d%0aX:1 HTTP/1.1'), 400),
  attack('dot segments', line('GET /k/x/../{k} HTTP/1.1'), 400),
  attack('dot segments in escapes', line('GET /k/%2e%2e/{k} HTTP/1.1'), 400),
  attack('an escaped slash', line('GET /k%2f{k} HTTP/1.1'), 400),
  attack('an empty segment', line('GET //k/{k} HTTP/1.1'), 400),
  attack('a backslash', line('GET /k\\{k} HTTP/1.1'), 400),
]

/** The header section. */
const FIELDS: readonly Attack[] = [
  attack('bare LF behind a header', 'GET /k/{k} HTTP/1.1\r\nHost: a\nX: b\r\n\r\n', 400),
  strictly('bare LF as the empty line', 'GET /k/{k} HTTP/1.1\r\nHost: a\r\n\n', 400),
  strictly('CR CR LF as the empty line', 'GET /k/{k} HTTP/1.1\r\nHost: a\r\n\r\r\n', 400),
  strictly(
    'bare CR as the empty line (CVE-2025-23167)',
    `GET /k/{k} HTTP/1.1\r\nHost: a\r\n\r${HIDDEN}`,
    400,
  ),
  attack('bare CR in a value', request('X: a\rb\r\n', '', 'GET'), 400),
  attack(
    'a header hidden behind a bare LF',
    request(`X: a\nTransfer-Encoding: chunked\r\n`, '0\r\n\r\n'),
    400,
  ),
  attack('a folded header', request('X: a\r\n b\r\n', '', 'GET'), 400),
  attack('folded Transfer-Encoding', request('Transfer-Encoding:\r\n chunked\r\n', '0\r\n\r\n'), 400),
  attack('folding before the first header', 'GET /k/{k} HTTP/1.1\r\n Host: a\r\n\r\n', 400),
  strictly('a space before a colon', request('X : a\r\n', '', 'GET'), 400),
  attack('no name', request(': a\r\n', '', 'GET'), 400),
  attack('no colon', request('X\r\n', '', 'GET'), 400),
  attack('NUL in a name', request('X\0: a\r\n', '', 'GET'), 400),
  attack('NUL in a value', request('X: a\0b\r\n', '', 'GET'), 400),
  attack('a control character in a value', request('X: a\x01b\r\n', '', 'GET'), 400),
  attack('DEL in a value', request('X: a\x7fb\r\n', '', 'GET'), 400),
  attack('bytes beyond ASCII in a name', request('X\xe9: a\r\n', '', 'GET'), 400),
  attack('no Host', line('GET /k/{k} HTTP/1.1', ''), 400),
  attack('two Hosts', request('Host: b\r\n', '', 'GET'), 400),
  attack('Host named by Connection', request('Connection: Host\r\n', '', 'GET'), 'GET()'),
  attack('headers over their limit', request(`X: ${'x'.repeat(20_000)}\r\n`, '', 'GET'), 431),
]

/** Several requests in one. */
const PIPELINES: readonly Attack[] = [
  attack(
    'pipelined, both good',
    request('', '', 'GET') + request('Content-Length: 1\r\n', 'a'),
    'GET()',
    'POST(a)',
  ),
  attack('a bad one behind a good one', request('', '', 'GET') + request('X : \0\r\n'), 'GET()', 400),
  attack('LIST behind GET', request('', '', 'GET') + request('', '', 'LIST'), 'GET()', 'LIST()'),
  attack(
    'LIST behind a body that is whole',
    request('Content-Length: 1\r\n', 'a') + request('', '', 'LIST'),
    'POST(a)',
    400,
  ),
  attack(
    'a body that looks like a request',
    request(`Content-Length: ${HIDDEN.length}\r\n`, HIDDEN),
    `POST(${HIDDEN})`,
  ),
  attack('a request in two pieces', ['GET /k/{k} HTTP/1.1\r\nHo', 'st: a\r\n\r\n'], 'GET()'),
  attack('CR and LF in two pieces', ['GET /k/{k} HTTP/1.1\r', '\nHost: a\r\n\r', '\n'], 'GET()'),
]

export const HEADS: readonly Attack[] = [...LINES, ...FIELDS, ...PIPELINES]
