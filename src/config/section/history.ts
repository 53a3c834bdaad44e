import { Type } from '@sinclair/typebox'
import { bind, choice, entry, list, nullable, parsed, section, text } from '../field.ts'
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
      }),
    ],
    {
      description:
        'Who may read: `none` (everybody who can connect; refused unless `bind` is loopback), or a mapping with `tokens`, `jwt` or both.',
      default: 'none',
      expected: 'none, or a mapping with tokens, jwt',
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
})
