import { Type } from '@sinclair/typebox'
import {
  bind,
  choice,
  duration,
  entry,
  integer,
  list,
  nullable,
  parsed,
  section,
  size,
  text,
} from '../field.ts'
import { keyGlob } from './access.ts'
import { name, serverTls } from './listeners.ts'

const token = entry('A token.', {
  name: name('Whose token it is, for the log; each token its own.'),
  sha256: nullable(
    { description: 'SHA-256 of the token, 64 hexadecimal digits; this or `file`.', secret: true },
    parsed<string>(
      { description: 'SHA-256 of the token.', secret: true },
      {
        expected: 'the SHA-256 of the token, 64 hexadecimal digits (not the token)',
        parse: (value) =>
          typeof value === 'string' && /^[0-9a-f]{64}$/i.test(value) ? value.toLowerCase() : null,
        format: (value) => value,
      },
    ),
  ),
  file: nullable(
    { description: 'A file with the token itself on one line, at least 16 characters; this or `sha256`.' },
    text({ description: 'File name.' }, 'the path of a file'),
  ),
  keys: list(
    { description: 'The keys whose history it may read: globs over key ids.', default: undefined },
    keyGlob('A glob over key ids.'),
    { minItems: 1 },
  ),
  rights: list(
    { description: '`read` histories; `manage` the log-analytics switch.', default: ['read'] },
    choice({ description: 'A right.' }, ['read', 'manage']),
    { minItems: 1 },
  ),
})

const certificate = entry('A client certificate.', {
  name: name('Whose certificate it is, for the log; each its own.'),
  subject: text(
    { description: 'Its subject (RFC 4514), the most specific part first, as records show it.' },
    'a subject, such as CN=auditor,O=Example',
  ),
  keys: list(
    { description: 'The keys whose history it may read: globs over key ids.', default: undefined },
    keyGlob('A glob over key ids.'),
    { minItems: 1 },
  ),
  rights: list(
    { description: '`read` histories; `manage` the log-analytics switch.', default: ['read'] },
    choice({ description: 'A right.' }, ['read', 'manage']),
    { minItems: 1 },
  ),
})

const jwt = entry('JSON Web Tokens.', {
  jwksUrl: nullable(
    {
      description:
        'Where the issuer’s keys are fetched (https, or http on this machine); this or `jwksFile`.',
    },
    parsed<string>(
      { description: 'URL.' },
      {
        expected: 'an https URL without user',
        parse: (value) => parseJwksUrl(value),
        format: (value) => value,
      },
    ),
  ),
  jwksFile: nullable(
    { description: 'A file with the issuer’s keys (JWK set); this or `jwksUrl`.' },
    text({ description: 'File name.' }, 'the path of a file'),
  ),
  issuer: text({ description: 'The `iss` a token must have.' }, 'the issuer'),
  audience: text({ description: 'The `aud` a token must have.' }, 'the audience'),
})

/** https, or http to the machine itself, where nobody is in between. */
function parseJwksUrl(value: unknown): string | null {
  if (typeof value !== 'string' || !URL.canParse(value)) return null
  const url = new URL(value)
  const local = ['localhost', '127.0.0.1', '[::1]'].includes(url.hostname)
  const secure = url.protocol === 'https:' || (url.protocol === 'http:' && local)
  return secure && url.username === '' && url.password === '' ? value : null
}

const hostName = Type.String({
  description: 'Name.',
  pattern: '^[^\\u0000-\\u001f\\u007f]{1,253}$',
  expected: 'a name of at most 253 characters',
})

export const history = section('The history API.', {
  bind: bind({
    description: 'Where the history API listens; port 0 takes any free port.',
    default: '127.0.0.1:8400',
  }),
  auth: Type.Union(
    [
      Type.Literal('none'),
      entry('Who may read.', {
        tokens: list({ description: 'Bearer tokens.', secret: true }, token),
        jwt: nullable(
          {
            description:
              'JSON Web Tokens as bearer tokens; the claims `keytrail_rights` and `keytrail_keys` (globs) say what each may do, without them nothing.',
          },
          jwt,
        ),
        certificates: list(
          {
            description:
              'Client certificates by their subject; `history.tls` must ask for them. A request with a bearer token is judged by that alone.',
          },
          certificate,
        ),
      }),
    ],
    {
      description:
        'Who may read: `none` (everybody who can connect; refused unless `bind` is loopback), or a mapping with any of `tokens`, `jwt` and `certificates`.',
      default: 'none',
      expected: 'none, or a mapping with tokens, jwt, certificates',
      secret: true,
    },
  ),
  hostNames: Type.Record(Type.String({ minLength: 1, maxLength: 64 }), hostName, {
    additionalProperties: false,
    description: 'Names shown beside addresses (`10.1.2.3: web-1`); records keep the address alone.',
    default: {},
    expected: 'a mapping of addresses to names',
  }),
  reverseDns: choice(
    {
      description:
        'Whether names of other addresses are asked of the DNS, when a history is read: `off`, or `confirmed`, where a name counts that leads back to its address. It tells the DNS servers which addresses use your keys.',
      default: 'off',
    },
    ['off', 'confirmed'],
  ),
  tls: serverTls('TLS of the history API.'),
  limits: section('Bounds of what clients of the history API may ask.', {
    requestsPerMinute: integer(
      { description: 'Requests a minute from one address (IPv6: one /64), else 429.', default: 600 },
      { min: 1, max: 1_000_000 },
    ),
    header: size(
      { description: 'Request line and headers together, else 431.', default: '16KiB' },
      { min: 1024, max: 1024 * 1024 },
    ),
    connections: integer(
      { description: 'Connections; further ones are closed.', default: 256 },
      { min: 1, max: 100_000 },
    ),
    requestTimeout: duration(
      { description: 'Until a request is complete, else 408.', default: '10s' },
      { min: 100, max: 3_600_000 },
    ),
    liveStreams: integer(
      { description: 'Live streams at a time, else 503.', default: 64 },
      { min: 1, max: 10_000 },
    ),
  }),
})
