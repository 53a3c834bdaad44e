import t from 'tap'
import { parserWeakness } from '../../src/listener/parser-version.ts'

t.test('parsers that take bare LF or CR are told of', async (t) => {
  for (const version of ['8.1.2', '9.0.1', '9.1.3', '6.1.1', ''])
    t.match(parserWeakness(version), /20\.19\.2/)
  for (const version of ['9.2.0', '9.3.1', '9.10.0', '10.0.0']) t.equal(parserWeakness(version), null)
})
