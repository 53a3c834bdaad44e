import t from 'tap'
import { type AnnouncedHeader, createAnnounce, type Hop } from '../../src/proxy/announce.ts'

const ALL: readonly AnnouncedHeader[] = ['x-forwarded-for', 'forwarded', 'via']
const V4: Hop = { address: '192.0.2.1', encrypted: false, httpVersion: '1.1' }

function announced(names: readonly AnnouncedHeader[], headers: readonly string[], hop: Hop): string[] {
  const copy = [...headers]
  createAnnounce(names)(copy, hop)
  return copy
}

t.test('nothing unless asked for', async (t) => {
  t.strictSame(announced([], ['Host', 'a'], V4), ['Host', 'a'])
})

t.test('the hop, once', async (t) => {
  t.strictSame(announced([...ALL, ...ALL], ['Host', 'a'], V4), [
    ...['Host', 'a', 'x-forwarded-for', '192.0.2.1'],
    ...['forwarded', 'for=192.0.2.1;proto=http', 'via', '1.1 keytrail'],
  ])
  t.strictSame(announced(ALL, [], { address: '2001:db8::1', encrypted: true, httpVersion: '1.0' }), [
    ...['x-forwarded-for', '2001:db8::1'],
    ...['forwarded', 'for="[2001:db8::1]";proto=https', 'via', '1.0 keytrail'],
  ])
  t.strictSame(announced(ALL, [], { ...V4, address: '' }), [
    ...['x-forwarded-for', 'unknown', 'forwarded', 'for=unknown;proto=http', 'via', '1.1 keytrail'],
  ])
})

t.test('behind what is there, which stays as it is', async (t) => {
  const before = ['X-Forwarded-For', '10.0.0.1', 'X-A', '1', 'X-FORWARDED-for', ' 10.0.0.2 ,x', 'Via', '']
  t.strictSame(announced(ALL, before, V4), [
    ...['X-Forwarded-For', '10.0.0.1', 'X-A', '1', 'X-FORWARDED-for', ' 10.0.0.2 ,x, 192.0.2.1'],
    ...['Via', '1.1 keytrail', 'forwarded', 'for=192.0.2.1;proto=http'],
  ])
})
