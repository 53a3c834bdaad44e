import { choice, duration, integer, list, nullable, parsed, section, text } from '../field.ts'

const HOUR = 3_600_000

/** `http://host[:port]` and nothing more: the request target is forwarded as it came. */
export function parseOrigin(value: unknown): string | null {
  if (typeof value !== 'string' || !/^https?:\/\/[^\s/?#@\\]+\/?$/i.test(value)) return null
  return URL.canParse(value) ? new URL(value).origin : null
}

function pemFile(description: string) {
  return nullable({ description }, text({ description: 'PEM file.' }, 'the path of a PEM file'))
}

/** SHA-256 in base64, as `openssl dgst -sha256 -binary | base64` writes it. */
function pin(description: string) {
  return parsed<string>(
    { description },
    {
      expected: 'the SHA-256 of a public key (SPKI), 44 characters of base64',
      parse: (value) => (typeof value === 'string' && /^[A-Za-z0-9+/]{43}=$/.test(value) ? value : null),
      format: (value) => value,
    },
  )
}

export const upstream = section('The key API.', {
  url: parsed<string>(
    {
      description:
        'The key API: scheme, host and port only, the path of each request is forwarded as it came.',
      default: 'http://127.0.0.1:8200',
    },
    {
      expected: 'http://host:port or https://host:port, without path, query or user',
      parse: parseOrigin,
      format: (value) => value,
    },
  ),
  connections: integer(
    { description: 'Connections kept to the key API; further requests wait for one.', default: 64 },
    { min: 1, max: 10_000 },
  ),
  waiting: integer(
    {
      description: 'Requests that may wait for a connection; further ones are refused with 503.',
      default: 1000,
    },
    { min: 0, max: 1_000_000 },
  ),
  timeouts: section('How long to wait for the key API.', {
    connect: duration({ description: 'To be connected, else 502.', default: '3s' }, { min: 1, max: HOUR }),
    response: duration(
      {
        description:
          'Until the response head, and between two parts of the body, else 504; the request may have been executed and is recorded as `unknown`.',
        default: '30s',
      },
      { min: 1, max: HOUR },
    ),
  }),
  host: choice(
    {
      description:
        'The `Host` header towards the key API: `keep` the client’s, which signatures cover, or `rewrite` it to the host of the URL.',
      default: 'keep',
    },
    ['keep', 'rewrite'],
  ),
  announce: list(
    {
      description:
        'Headers that tell the key API about the hop: `x-forwarded-for` and `forwarded` the address that connected to keytrail, `via` keytrail itself. What a request already has of them stays, and the hop is added at its end. None unless given.',
    },
    choice({ description: 'A header.' }, ['x-forwarded-for', 'forwarded', 'via']),
  ),
  tls: section('TLS towards an https key API.', {
    ca: pemFile(
      'Authorities that the key API’s certificate is checked against, PEM, in place of those that Node brings along. Read again when it changes, and on SIGHUP; so are `cert` and `key`.',
    ),
    cert: pemFile('Certificate chain shown to the key API, PEM.'),
    key: pemFile('Private key of that certificate, PEM, without passphrase.'),
    serverName: nullable(
      { description: 'The name asked for (SNI) and expected in the certificate; null for the URL’s host.' },
      text({ description: 'Server name.' }, 'a host name'),
    ),
    pins: list(
      {
        description:
          'SHA-256 of the public keys (SPKI) of which the key API’s own certificate must have one, beside all other checks; empty for any.',
      },
      pin('SHA-256 of a public key.'),
    ),
  }),
})
