/**
 * Text from outside as it may be shown: control characters, bidirectional overrides and other invisible characters
 * as `\u{202e}`. Markup is no danger (templates take text as text); right-to-left letters are isolated by `<bdi>`.
 */
export function visible(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Zl}\p{Zp}\u115f\u1160\u3164\uffa0]/gu, escaped)
}

function escaped(character: string): string {
  return `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`
}
