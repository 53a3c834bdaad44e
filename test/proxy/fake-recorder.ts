import type { KeytrailError } from '../../src/errors.ts'
import type { AuditRecord } from '../../src/record.ts'
import type { KeyEffect } from '../../src/recorder/entry.ts'
import type { Waiter } from '../../src/recorder/waiting.ts'
import type { Credential } from '../../src/store/credentials.ts'

/** One call of the recorder; `tell` lets its waiter go on, once. */
export interface Entry {
  readonly kind: 'begin' | 'finish' | 'note'
  readonly ticket: number
  readonly record: AuditRecord
  readonly effect: KeyEffect | null
  tell(error?: KeytrailError | null): void
}

/** A recorder that keeps what it is told; its waiters go on by themselves in the next turn, unless `held`. */
export class FakeRecorder {
  readonly entries: Entry[] = []
  readonly learned: Credential[] = []
  /** Whose waiters wait until the test tells them. */
  readonly held = new Set<Entry['kind']>()
  /** Why an intent is refused at once. */
  refusal: KeytrailError | null = null
  #ticket = 0

  /** Records of exchanges that ended, in their order. */
  get records(): AuditRecord[] {
    return this.entries.filter(({ kind }) => kind !== 'begin').map(({ record }) => record)
  }

  entry(kind: Entry['kind']): Entry | null {
    return this.entries.findLast((entry) => entry.kind === kind) ?? null
  }

  begin(record: AuditRecord, effect: KeyEffect, waiter: Waiter): number {
    if (this.refusal !== null) {
      waiter.onJournalled(this.refusal)
      return 0
    }
    this.#add('begin', ++this.#ticket, record, effect, waiter)
    return this.#ticket
  }

  finish(ticket: number, record: AuditRecord, effect: KeyEffect, waiter: Waiter): void {
    this.#add('finish', ticket, record, effect, waiter)
  }

  note(ticket: number, record: AuditRecord, effect: KeyEffect): void {
    this.#add('note', ticket, record, effect, { onJournalled: () => undefined })
  }

  learn(credential: Credential): void {
    this.learned.push(credential)
  }

  #add(
    kind: Entry['kind'],
    ticket: number,
    record: AuditRecord,
    effect: KeyEffect | null,
    waiter: Waiter,
  ): void {
    const tell = (error: KeytrailError | null = null): void => waiter.onJournalled(error)
    this.entries.push({ kind, ticket, record, effect, tell })
    if (!this.held.has(kind)) setImmediate(tell)
  }
}
