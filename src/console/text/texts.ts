/** Every word the page says, in one language; functions where a value stands within. */
export interface Texts {
  readonly keys: string
  readonly destroyedKeys: string
  readonly navigation: string
  readonly skip: string
  readonly theme: Readonly<Record<'system' | 'light' | 'dark', string>>
  readonly themeLabel: string
  readonly zoneLabel: string
  readonly signOut: string
  readonly searchKeys: string
  readonly key: string
  readonly lastUse: string
  readonly lastAction: string
  readonly lastRequester: string
  readonly records: string
  readonly failures24h: string
  readonly state: string
  readonly logAnalytics: string
  readonly off: string
  readonly live: string
  readonly scheduled: (date: string) => string
  readonly neverUsed: string
  readonly notCounted: string
  readonly noKeys: string
  readonly noKeysHint: string
  readonly noKeyFound: (q: string) => string
  readonly backToKeys: string
  readonly usageHistory: string
  readonly period: string
  readonly presets: Readonly<Record<'1h' | '24h' | '7d' | '30d', string>>
  readonly ownRange: string
  readonly from: string
  readonly to: string
  readonly apply: string
  readonly wrongRange: string
  readonly keyword: string
  readonly keywordHint: string
  readonly filterBy: (value: string) => string
  readonly removeFilter: (value: string) => string
  readonly clearFilters: string
  readonly time: string
  readonly type: string
  readonly channels: Readonly<Record<'api' | 'console' | 'system', string>>
  readonly address: string
  readonly requester: string
  readonly tokenIssuer: string
  readonly claimed: string
  readonly claimedHint: string
  readonly anonymous: string
  readonly action: string
  readonly response: string
  readonly outcomes: Readonly<Record<'success' | 'failure' | 'unknown', string>>
  readonly openRecord: (time: string) => string
  readonly noRecords: string
  readonly noRecordsHint: string
  readonly showMonth: string
  readonly range: (first: string, last: string, total: string) => string
  readonly manyRecords: string
  readonly total: (count: string) => string
  readonly newer: string
  readonly older: string
  readonly keptSince: (time: string) => string
  readonly nothingKept: string
  readonly evicted: (byCount: string, byAge: string) => string
  readonly beforeKept: string
  readonly clockHeld: string
  readonly lost: (count: string) => string
  /** Of the newest, and how many there are before it. */
  readonly gap: (from: string, to: string, earlier: number) => string
  readonly unknown: (count: string) => string
  readonly complete: string
  readonly countedFrom: (time: string) => string
  readonly picture: string
  readonly pictureSummary: (success: string, failure: string, unknown: string) => string
  readonly dragToZoom: string
  readonly byAction: string
  readonly byRequester: string
  readonly others: (count: string) => string
  readonly failuresOf: (count: string) => string
  readonly liveSwitch: string
  readonly liveStates: Readonly<Record<'connecting' | 'live' | 'waiting', string>>
  readonly paused: (count: string) => string
  readonly liveNeedsNow: string
  readonly missedLive: (count: string) => string
  readonly exportAs: (type: string) => string
  readonly exporting: string
  readonly record: string
  readonly close: string
  readonly copyJson: string
  readonly copied: string
  readonly fields: Readonly<Record<string, string>>
  readonly destroyedIntro: string
  readonly destroyedAt: string
  readonly destroyedBy: string
  readonly bySystem: string
  readonly recordsTaken: string
  readonly chainHash: string
  readonly noTombstones: string
  readonly keyDestroyed: (time: string, by: string) => string
  readonly signIn: string
  readonly signInHint: string
  readonly token: string
  readonly tokenRefused: string
  readonly retry: string
  readonly loading: string
  readonly errors: Readonly<Record<string, string>>
  readonly unexpected: string
}
