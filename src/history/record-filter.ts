import { type Static, Type } from '@sinclair/typebox'
import type { HistoryQuery, RecordFilter } from '../store/reader.ts'
import { parseInstant } from './instant.ts'
import { checkPeriod } from './query-parameters.ts'
import { ChannelSchema, OutcomeSchema } from './record-json.ts'

/** Longest text a filter takes, in characters; the fields it is compared with are no longer. */
export const MAX_FILTER_LENGTH = 256

const InstantParameter = Type.Optional(
  Type.String({ format: 'instant', description: 'Inclusive; Unix ms or RFC 3339' }),
)
const TextParameter = Type.String({ format: 'no-nul', maxLength: MAX_FILTER_LENGTH, default: '' })

/** The period that a query is about. */
export const periodParameters = { from: InstantParameter, to: InstantParameter }

/** Which records a query is about. */
export const filterParameters = {
  q: Type.String({
    ...TextParameter,
    description:
      'Case-insensitive substring of action, requester, address, outcome, status, error code or request id',
  }),
  action: TextParameter,
  requester: TextParameter,
  address: TextParameter,
  channel: Type.Optional(ChannelSchema),
  outcome: Type.Optional(OutcomeSchema),
}

const PeriodParameters = Type.Object(periodParameters)
const FilterParameters = Type.Object(filterParameters)

/** Bounds in Unix ms, null for none. Throws `QUERY_INVALID` for a period that ends before it starts. */
export function periodOf(given: Static<typeof PeriodParameters>): Pick<HistoryQuery, 'from' | 'to'> {
  const from = given.from === undefined ? null : parseInstant(given.from)
  const to = given.to === undefined ? null : parseInstant(given.to)
  checkPeriod({ name: 'from', ms: from }, { name: 'to', ms: to })
  return { from, to }
}

export function filterOf(given: Static<typeof FilterParameters>): RecordFilter {
  const { q, action, requester, address, channel = '', outcome = '' } = given
  return { q, action, requester, address, channel, outcome }
}
