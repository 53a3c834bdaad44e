/**
 * What a terminal does not show as itself: control, format (bidirectional overrides, zero-width) and unassigned
 * characters, lone surrogates, line separators, spaces other than U+0020, marks piled higher than two; and the
 * backslash, so that nothing can pass for what this file writes.
 */
const INVISIBLE = /[\p{C}\p{Zl}\p{Zp}\\]|(?! )\p{Zs}|(?<=\p{M}{2})\p{M}/gu

/** `text` with whatever could play tricks on a terminal made visible: `\u{202e}` for U+202E, `\\` for a backslash. */
export function visible(text: string): string {
  return text.replace(INVISIBLE, (found) =>
    found === '\\' ? '\\\\' : `\\u{${(found.codePointAt(0) ?? 0).toString(16)}}`,
  )
}

/** {@link visible} for text whose line breaks are its own. */
export function visibleLines(text: string): string {
  return text.split('\n').map(visible).join('\n')
}

/** JSON of `value` in which the same characters are escaped; its meaning is unchanged. */
export function visibleJson(value: unknown): string {
  return JSON.stringify(value).replace(INVISIBLE, (found) =>
    found === '\\'
      ? found
      : [...Array(found.length).keys()].map((at) => escapeUnit(found.charCodeAt(at))).join(''),
  )
}

/** RFC 8259 7 */
function escapeUnit(unit: number): string {
  return `\\u${unit.toString(16).padStart(4, '0')}`
}

/** What East Asian fonts draw two columns wide (Unicode UAX 11, W and F, in broad ranges). */
const WIDE =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\ua960-\ua97c\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff01-\uff60\uffe0-\uffe6]|\p{Emoji_Presentation}|[\u{20000}-\u{3fffd}]/u
const MARK = /\p{M}/u

/** Columns that `text`, made {@link visible}, takes on a terminal. */
export function displayWidth(text: string): number {
  let width = 0
  for (const character of text) width += characterWidth(character)
  return width
}

/** `text` cut to so many columns, its last one an ellipsis then. */
export function fitted(text: string, columns: number): string {
  if (displayWidth(text) <= columns) return text
  let cut = ''
  let width = 1
  for (const character of text) {
    width += characterWidth(character)
    if (width > columns) break
    cut += character
  }
  return `${cut}…`
}

function characterWidth(character: string): number {
  if (character <= '\u02ff') return 1
  return MARK.test(character) ? 0 : WIDE.test(character) ? 2 : 1
}
