import t from 'tap'
import { formatSubject } from '../../src/listener/certificate-subject.ts'

t.test('a subject is one line, the most specific part first', async (t) => {
  const subjects: [string | undefined, string][] = [
    [undefined, ''],
    ['', ''],
    ['CN=one', 'CN=one'],
    ['C=KR\nO=Example\\, Inc.\nCN=billing', 'CN=billing,O=Example\\, Inc.,C=KR'],
    ['O=x\nCN=a \\+ b + emailAddress=q@x', 'CN=a \\+ b+emailAddress=q@x,O=x'],
    ['O=line\\0Abreak\n1.2.3.4=zz', '1.2.3.4=zz,O=line\\0Abreak'],
  ]
  for (const [lines, expected] of subjects) t.equal(formatSubject(lines), expected)
})
