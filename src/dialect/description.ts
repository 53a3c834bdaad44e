import { type Static, type TSchema, Type } from '@sinclair/typebox'
import { durationPattern } from './duration.ts'
import { type PathForm, pathForms } from './path.ts'
import { pointerPattern } from './pointer.ts'
import type { RouteLine } from './route-line.ts'

// The schema of a dialect file. `description` is what a refused value is told to be; the README says what each
// option means.

const strict = { additionalProperties: false }

const Pointer = Type.String({
  pattern: pointerPattern,
  description: 'a JSON pointer (RFC 6901) such as /data/keyTag',
})
const HeaderName = Type.String({
  pattern: "^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,128}$",
  description: 'a header name',
})
const Duration = Type.String({
  pattern: durationPattern,
  description: 'a duration such as 500ms, 72h or 30d',
})
const Text = Type.String({ minLength: 1, maxLength: 512, description: 'a text of 1 to 512 characters' })
const Positive = Type.Number({ exclusiveMinimum: 0, description: 'a number greater than 0' })

const Flag = Type.Boolean({ description: 'true or false' })

const span = { after: Type.Optional(Text), until: Type.Optional(Text) }

/** A place in the answer. */
export const AnswerField = Type.Object(
  { response: Type.Optional(Pointer), responseHeader: Type.Optional(HeaderName), ...span },
  strict,
)

const FieldDescription = Type.Object(
  {
    header: Type.Optional(HeaderName),
    query: Type.Optional(Text),
    request: Type.Optional(Pointer),
    response: Type.Optional(Pointer),
    responseHeader: Type.Optional(HeaderName),
    ...span,
  },
  strict,
)

/** A place that names the requester. */
export const Requester = Type.Object(
  {
    header: Type.Optional(HeaderName),
    sigv4: Type.Optional(HeaderName),
    certificate: Type.Optional(Type.Literal('subject', { description: 'subject' })),
    kind: Type.Union([Type.Literal('account'), Type.Literal('token'), Type.Literal('certificate')], {
      description: 'account, token or certificate',
    }),
    scheme: Type.Optional(HeaderName),
    jwtClaims: Type.Optional(Type.Array(Text, { minItems: 1, description: 'a list of claim names' })),
    alone: Type.Optional(Flag),
  },
  strict,
)

const Status = Type.Integer({ minimum: 200, maximum: 599, description: 'an HTTP status from 200 to 599' })
const Statuses = Type.Union(
  [
    Type.String({ pattern: '^[2-5]xx$' }),
    Status,
    Type.Array(Type.Union([Type.String({ pattern: '^[2-5]xx$' }), Status]), { minItems: 1 }),
  ],
  { description: 'a class such as 2xx, a status from 200 to 599, or a list of these' },
)

const Success = Type.Object(
  {
    status: Statuses,
    unlessBody: Type.Optional(
      Type.Object(
        {
          pointer: Pointer,
          not: Type.Union([Type.String(), Type.Number(), Type.Boolean()], {
            description: 'a text, a number, true or false',
          }),
        },
        strict,
      ),
    ),
  },
  strict,
)

/** What an answer of the sidecar's own looks like. */
export const ErrorShape = Type.Object(
  {
    status: Type.Optional(Statuses),
    contentType: Type.Optional(
      Type.String({ pattern: '^[a-z]+/[a-z0-9.+-]*json[a-z0-9.+-]*$', description: 'a JSON media type' }),
    ),
    body: Type.String({ maxLength: 4096, description: 'a text of at most 4096 characters' }),
  },
  strict,
)

const Issue = Type.Object(
  {
    token: Pointer,
    lifetimeHours: Type.Object(
      {
        request: Type.Optional(Pointer),
        default: Type.Union([Positive, Type.Literal('unlimited')], {
          description: 'a number greater than 0, or unlimited',
        }),
        unlimited: Type.Optional(Text),
      },
      strict,
    ),
  },
  strict,
)

const AskedDays = Type.Object({ request: Pointer, default: Positive }, strict)

const Destroys = Type.Union(
  [
    Type.Literal('now'),
    Type.Literal('cancel'),
    Type.Literal('tokens'),
    Type.Object({ after: Duration }, strict),
    Type.Object({ afterDays: AskedDays }, strict),
    Type.Object(
      {
        at: Type.Object(
          {
            response: Pointer,
            unit: Type.Optional(Type.Union([Type.Literal('seconds'), Type.Literal('milliseconds')])),
          },
          strict,
        ),
        afterDays: Type.Optional(AskedDays),
        unless: Type.Optional(Type.Object({ response: Pointer, is: Text }, strict)),
      },
      strict,
    ),
  ],
  {
    description:
      'now, cancel, tokens, { after: DURATION }, { afterDays: { request: POINTER, default: DAYS } } or ' +
      '{ at: { response: POINTER, unit: seconds | milliseconds } }, the last with afterDays and unless where needed',
  },
)

/** A change of a key's other names by a successful request. */
const Alias = Type.Union([Type.Object({ set: Pointer }, strict), Type.Object({ removed: Pointer }, strict)], {
  description: '{ set: POINTER } or { removed: POINTER }',
})

/** What may stand behind a route. */
export const RouteOptions = Type.Object(
  {
    key: Type.Optional(FieldDescription),
    otherKey: Type.Optional(FieldDescription),
    alias: Type.Optional(Alias),
    keyVersion: Type.Optional(FieldDescription),
    items: Type.Optional(
      Type.Object({ request: Type.Optional(Pointer), response: Type.Optional(Pointer) }, strict),
    ),
    issues: Type.Optional(Type.Array(Issue, { minItems: 1, description: 'a list of issued tokens' })),
    destroys: Type.Optional(Destroys),
    tunnel: Type.Optional(Flag),
  },
  strict,
)

const pathFormNames = Object.keys(pathForms) as PathForm[]

/** A whole dialect file; its routes are read one by one. */
export const DialectFile = Type.Object(
  {
    name: Type.String({ pattern: '^[a-z0-9][a-z0-9-]{0,63}$', description: 'a name such as naver-kms' }),
    title: Text,
    requester: Type.Array(Requester, { description: 'a list of requester sources' }),
    success: Success,
    error: Type.Array(ErrorShape, { minItems: 1, description: 'a list of error shapes' }),
    requestId: Type.Optional(AnswerField),
    errorCode: Type.Optional(Type.Array(AnswerField, { description: 'a list of places in the answer' })),
    limits: Type.Optional(
      Type.Object(
        {
          keyIdBytes: Type.Integer({ minimum: 1, maximum: 1024, description: 'an integer from 1 to 1024' }),
        },
        strict,
      ),
    ),
    allow: Type.Optional(
      Type.Array(
        Type.Union(
          pathFormNames.map((form) => Type.Literal(form)),
          { description: `one of ${pathFormNames.join(', ')}` },
        ),
        { description: 'a list of path forms' },
      ),
    ),
    selector: Type.Optional(
      Type.Object({ header: HeaderName, prefix: Type.Optional(Text), alone: Type.Optional(Flag) }, strict),
    ),
    keyNames: Type.Optional(
      Type.Object(
        {
          full: Type.String({
            pattern: '^[^*]+(\\*[:/][^*]*)*\\*$',
            maxLength: 256,
            description: 'a name with stars for its parts, such as arn:*:kms:*:*:key/*',
          }),
        },
        strict,
      ),
    ),
    routes: Type.Array(Type.Unknown(), { minItems: 1, description: 'a list of routes' }),
  } satisfies Record<string, TSchema>,
  strict,
)

export type FieldDescription = Static<typeof FieldDescription>
export type AnswerFieldDescription = Static<typeof AnswerField>
export type RequesterDescription = Static<typeof Requester>
export type StatusesDescription = Static<typeof Statuses>
export type ErrorShapeDescription = Static<typeof ErrorShape>
export type IssueDescription = Static<typeof Issue>
export type DestroysDescription = Static<typeof Destroys>
export type AliasDescription = Static<typeof Alias>
export type SelectorDescription = NonNullable<Static<typeof DialectFile>['selector']>
export type RouteOptions = Static<typeof RouteOptions>
export type DialectFile = Static<typeof DialectFile>

/** One route with its options. */
export interface RouteDescription extends RouteLine {
  readonly options: RouteOptions
}

/** A dialect file that keeps all rules, its routes read. */
export interface Description extends Omit<DialectFile, 'routes'> {
  readonly routes: readonly RouteDescription[]
}
