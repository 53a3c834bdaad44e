import { Type } from '@sinclair/typebox'
import { choice, cidr, entry, headerName, list, nullable, text } from '../field.ts'

const MAX_GLOB = 512

/** A glob over key ids. */
export function keyGlob(description: string) {
  return Type.String({
    description,
    minLength: 1,
    maxLength: MAX_GLOB,
    expected: `a glob over key ids (\`*\`, \`?\`), at most ${MAX_GLOB} characters`,
  })
}

function blocks(description: string) {
  return list({ description }, cidr({ description: 'CIDR block.' }))
}

export const trustedProxies = blocks(
  'CIDR blocks of the proxies whose forwarding header is believed; nobody’s by default. Who sends from a listed address can claim any client address.',
)

export const forwardedHeader = choice(
  {
    description:
      'The header your trusted proxies write. `either` reads `Forwarded` only where there is no `X-Forwarded-For`; a client can add the one that the proxies leave alone, so name the one they write.',
    default: 'either',
  },
  ['x-forwarded-for', 'forwarded', 'either'],
)

export const channelRules = list(
  {
    description:
      'The first rule whose conditions all hold gives the request its channel, else its listener does. A header is what the client says it is.',
  },
  entry('A channel rule.', {
    channel: choice({ description: 'The channel to record.' }, ['api', 'console']),
    from: blocks('CIDR blocks of the client address; empty for no condition.'),
    header: nullable(
      { description: 'A header that must be there; null for no condition.' },
      entry('A header and its value.', {
        name: headerName({ description: 'Its name, in any case.' }),
        equals: text({ description: 'Its whole value, case included.' }, 'the header’s value'),
      }),
    ),
  }),
)

const accountId = Type.String({
  description: 'Account id.',
  minLength: 1,
  maxLength: 256,
  expected: 'an account id, at most 256 characters',
})

/** Access key → account id; also the content of a file that the field names. */
export const requesterMapping = Type.Record(
  Type.String({ pattern: '^[^\\u0000-\\u001f\\u007f]{1,256}$' }),
  accountId,
  {
    additionalProperties: false,
    description: 'Account ids by access key.',
    expected: 'a mapping of access keys to account ids',
  },
)

export const requesters = Type.Union(
  [requesterMapping, text({ description: 'File name.' }, 'the path of a YAML file with that mapping')],
  {
    description:
      'Account ids by access key (`ACCESSKEY: account`), or a YAML file with that mapping. An access key not listed is recorded as it is.',
    default: {},
    expected: 'a mapping of access keys to account ids, or the path of a YAML file with one',
  },
)

export const acl = list(
  {
    description:
      'Which addresses may use which keys; the first rule whose glob matches the key decides, and a key that no rule names is open to all.',
  },
  entry('An ACL rule.', {
    keys: keyGlob('The keys: a glob over key ids (`*`, `?`); `*` also takes requests that name no key.'),
    allow: blocks('CIDR blocks that may use them; empty for everybody.'),
    deny: blocks('CIDR blocks that may not; wins over `allow`.'),
  }),
)
