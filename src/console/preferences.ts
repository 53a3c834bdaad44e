export type Language = 'en' | 'ko'
export type Theme = 'system' | 'light' | 'dark'
export type Zone = 'local' | 'utc'

const TOKEN = 'keytrail.token'

/** What the reader chose, kept in this browser; the token in this tab alone. */
export class Preferences {
  #language: Language
  #theme: Theme
  #zone: Zone

  constructor(languages: readonly string[]) {
    const stored = read('language')
    const preferred = languages.find((tag) => /^(ko|en)\b/i.test(tag)) ?? 'en'
    this.#language = stored === 'ko' || stored === 'en' ? stored : /^ko/i.test(preferred) ? 'ko' : 'en'
    const theme = read('theme')
    this.#theme = theme === 'light' || theme === 'dark' ? theme : 'system'
    this.#zone = read('zone') === 'utc' ? 'utc' : 'local'
  }

  get language(): Language {
    return this.#language
  }

  set language(language: Language) {
    this.#language = language
    write('language', language)
  }

  get theme(): Theme {
    return this.#theme
  }

  set theme(theme: Theme) {
    this.#theme = theme
    write('theme', theme)
  }

  get zone(): Zone {
    return this.#zone
  }

  set zone(zone: Zone) {
    this.#zone = zone
    write('zone', zone)
  }

  /** The API's bearer token; null without one. */
  get token(): string | null {
    return sessionStorage.getItem(TOKEN)
  }

  set token(token: string | null) {
    if (token === null) sessionStorage.removeItem(TOKEN)
    else sessionStorage.setItem(TOKEN, token)
  }
}

/** A browser may refuse storage; then nothing is remembered. */
function read(name: string): string | null {
  try {
    return localStorage.getItem(`keytrail.${name}`)
  } catch {
    return null
  }
}

function write(name: string, value: string): void {
  try {
    localStorage.setItem(`keytrail.${name}`, value)
  } catch {
    return
  }
}
