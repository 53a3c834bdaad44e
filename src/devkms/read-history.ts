import type { Call } from './call.ts'
import { numberParameter } from './field.ts'
import type { Key } from './key.ts'

/** Always empty: keeping a history is keytrail's part. */
export function handleActivities(_key: Key, { query }: Call): object {
  const currentPageNo = numberParameter(query, 'pageNo', { least: 1, most: 1_000_000, fallback: 1 })
  const pageSize = numberParameter(query, 'pageSize', { least: 1, most: 200, fallback: 100 })
  return { activityLogList: [], pageSize, currentPageNo, totalPageNo: 0, totalCount: 0 }
}

/** Always empty, like {@link handleActivities}. */
export function handleLastUseInfo(): null {
  return null
}
