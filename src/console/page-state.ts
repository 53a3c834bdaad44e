import type { View } from './address.ts'
import type { AuditRecord, KeysAnswer, TombstonesAnswer } from './api/shape.ts'
import type { ExportName } from './model/export-file.ts'
import type { KeyHistory, Pause } from './model/key-history.ts'
import type { Listing } from './model/listing.ts'
import type { Language, Theme, Zone } from './preferences.ts'
import type { Texts } from './text/texts.ts'
import type { Formats } from './time-text.ts'

/** Everything that a rendering shows. */
export interface PageState {
  readonly view: View
  readonly texts: Texts
  readonly formats: Formats
  readonly language: Language
  readonly theme: Theme
  readonly zone: Zone
  readonly now: number
  /** `needed`: nothing can be shown without a token; `refused`: nor with the one that was given. */
  readonly signIn: 'no' | 'needed' | 'refused'
  readonly signedIn: boolean
  readonly keys: Listing<KeysAnswer> | null
  readonly tombstones: Listing<TombstonesAnswer> | null
  readonly history: KeyHistory | null
  /** The record that is open. */
  readonly record: AuditRecord | null
  readonly rangeOpen: boolean
  readonly copied: boolean
}

/** What the reader can do. */
export interface Actions {
  /** Shows a view; `replace` leaves no step behind for Back. */
  go(view: View, how?: 'push' | 'replace'): void
  setLanguage(language: Language): void
  setTheme(theme: Theme): void
  setZone(zone: Zone): void
  signIn(token: string): void
  signOut(): void
  openRecord(record: AuditRecord | null): void
  openRange(open: boolean): void
  setLive(on: boolean): void
  pauseLive(reason: Pause, paused: boolean): void
  exportAs(name: ExportName): void
  copyRecord(): void
  reload(): void
}

/** What every part of the page gets. */
export interface Part {
  readonly state: PageState
  readonly actions: Actions
}
