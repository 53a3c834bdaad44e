import type { ErrorShapeDescription, StatusesDescription } from './description.ts'
import type { ErrorAnswer } from './dialect.ts'

interface ErrorShape {
  readonly contentType: string
  readonly template: string
}

/** The error shapes of a key API: those of certain statuses, and the one of all others. */
interface ErrorShapes {
  readonly byStatus: ReadonlyMap<number, ErrorShape>
  readonly otherwise: ErrorShape
}

/** Statuses of a description: `2xx`, 404 or a list of these. */
export function statusesOf(description: StatusesDescription): Set<number> {
  const statuses = new Set<number>()
  for (const part of Array.isArray(description) ? description : [description]) {
    if (typeof part === 'number') statuses.add(part)
    else for (let i = 0; i < 100; i += 1) statuses.add(Number(part[0]) * 100 + i)
  }
  return statuses
}

/** Of several shapes for one status the first counts. */
export function compileErrorShapes(descriptions: readonly ErrorShapeDescription[]): ErrorShapes {
  const byStatus = new Map<number, ErrorShape>()
  let otherwise: ErrorShape | null = null
  for (const { status, contentType = 'application/json', body } of descriptions) {
    const shape = { contentType, template: body }
    if (status === undefined) otherwise ??= shape
    else for (const one of statusesOf(status)) if (!byStatus.has(one)) byStatus.set(one, shape)
  }
  return { byStatus, otherwise: otherwise ?? { contentType: 'application/json', template: '{}' } }
}

/** An answer of the sidecar's own, in the key API's error shape for `status`. */
export function answerError(
  { byStatus, otherwise }: ErrorShapes,
  status: number,
  reason: string,
): ErrorAnswer {
  const { contentType, template } = byStatus.get(status) ?? otherwise
  return { status, contentType, body: fillTemplate(template, status, reason) }
}

/** Puts status and reason into a JSON template; the reason is escaped, for HTML that holds the JSON, too. */
export function fillTemplate(template: string, status: number, reason: string): string {
  const escaped = JSON.stringify(reason).slice(1, -1).replaceAll('<', '\\u003c').replaceAll('>', '\\u003e')
  return template
    .split('{reason}')
    .map((part) => part.replaceAll('{status}', String(status)))
    .join(escaped)
}
