/**
 * The subject of a certificate as one line (RFC 4514): `CN=billing,O=Example\, Inc.,C=KR`, the most specific part
 * first. `lines` is what node:crypto's X509Certificate gives: one relative name a line, the most general first,
 * values escaped already (control characters too), the parts of a multi-valued one joined by ` + `, which no value
 * can hold unescaped. Types without a name of their own are dotted numbers. '' for an empty subject.
 */
export function formatSubject(lines: string | undefined): string {
  if (lines === undefined || lines === '') return ''
  return lines.split('\n').reverse().join(',').replaceAll(' + ', '+')
}
