import t from 'tap'
import { acceptClock, takeAcceptance } from '../../src/store/clock-acceptance.ts'
import { ClockHold, type ClockState } from '../../src/store/clock-hold.ts'

const START = 1_700_000_000_000
const SECOND = 1000
const HOUR = 3600 * SECOND
const DAY = 24 * HOUR
const YEAR = 365 * DAY
const NEW: ClockState = { believed: 0, heldSince: 0 }

/** A machine whose clock can be set. */
class Machine {
  /** Passes for every clock. */
  passed = 0
  /** By how much the system's clock was set. */
  set = 0
  accepted = false

  start(state: ClockState = NEW): ClockHold {
    return new ClockHold({
      wall: () => START + this.passed + this.set,
      monotonic: () => 5_000_000 + this.passed,
      state,
      accepted: () => this.accepted,
    })
  }
}

t.test('a clock that goes on as time does is believed', async (t) => {
  const machine = new Machine()
  const hold = machine.start()
  for (const step of [0, SECOND, HOUR, 40 * DAY]) {
    machine.passed += step
    t.equal(hold.now(), START + machine.passed)
    t.equal(hold.ahead, 0)
  }
})

t.test('a jump of a year is not believed: time goes on from before', async (t) => {
  const machine = new Machine()
  const hold = machine.start()
  hold.now()
  machine.set = YEAR
  machine.passed += HOUR
  t.equal(hold.now(), START + HOUR)
  t.equal(hold.ahead, YEAR)
  machine.passed += DAY
  t.equal(hold.now(), START + HOUR + DAY)
  machine.set = 30 * SECOND
  t.equal(hold.now(), START + HOUR + DAY + 30 * SECOND, 'it was put right')
  t.equal(hold.ahead, 0)
})

t.test('small corrections are believed, and a clock put back, and that put right again', async (t) => {
  const machine = new Machine()
  const hold = machine.start()
  machine.set = HOUR
  t.equal(hold.now(), START + HOUR)
  machine.set = -YEAR
  t.equal(hold.now(), START - YEAR)
  t.equal(hold.ahead, 0)
  machine.set = 0
  t.equal(hold.now(), START, 'no jump: that time has been')
})

t.test('what the operator accepts is believed, and the next jump is held again', async (t) => {
  const machine = new Machine()
  const hold = machine.start()
  machine.set = YEAR
  t.equal(hold.now(), START)
  machine.accepted = true
  t.equal(hold.now(), START, 'asked now and then only')
  machine.passed += SECOND
  t.equal(hold.now(), START + SECOND + YEAR)
  machine.accepted = false
  machine.set += YEAR
  t.equal(hold.now(), START + SECOND + YEAR)
})

t.test('what nobody contradicts for three days is believed, across restarts', async (t) => {
  const machine = new Machine()
  let hold = machine.start()
  machine.set = YEAR
  hold.now()
  machine.passed += 2 * DAY
  t.equal(hold.now(), START + 2 * DAY)
  hold = machine.start(hold.note())
  t.equal(hold.now(), START + 2 * DAY)
  machine.passed += DAY - 1
  t.equal(hold.now(), START + 3 * DAY - 1)
  machine.passed += 1
  t.equal(hold.now(), START + 3 * DAY + YEAR)
})

t.test('a start believes a pause of days, but not of weeks', async (t) => {
  const machine = new Machine()
  const state = machine.start().note()
  machine.passed = 7 * DAY
  t.equal(machine.start(state).now(), START + 7 * DAY)
  machine.passed = 40 * DAY
  const hold = machine.start(state)
  t.equal(hold.now(), START)
  t.equal(hold.ahead, 40 * DAY)
  t.equal(machine.start(NEW).now(), START + 40 * DAY, 'a new store has nothing to compare with')
})

t.test('a jump while running is held across a restart, be it shorter than a pause', async (t) => {
  const machine = new Machine()
  let hold = machine.start()
  machine.set = 2 * DAY
  hold.now()
  hold = machine.start(hold.note())
  t.equal(hold.now(), START)
  machine.set = 0
  hold = machine.start(hold.note())
  t.equal(hold.now(), START)
  t.strictSame(hold.note(), { believed: START, heldSince: 0 })
})

t.test('the store is told at once of a hold, else now and then', async (t) => {
  const machine = new Machine()
  const hold = machine.start()
  t.equal(hold.isUnnoted, true)
  hold.note()
  t.equal(hold.isUnnoted, false)
  machine.passed += 600 * SECOND - 1
  hold.now()
  t.equal(hold.isUnnoted, false)
  machine.passed += 1
  hold.now()
  t.equal(hold.isUnnoted, true)
  hold.note()
  machine.set = DAY
  hold.now()
  t.equal(hold.isUnnoted, true)
})

t.test('the operator’s word is taken once, and holds for the time it was given at', async (t) => {
  const directory = t.testdir()
  t.equal(takeAcceptance(directory, START), false)
  acceptClock(directory, START)
  t.equal(takeAcceptance(directory, START + 5000), true)
  t.equal(takeAcceptance(directory, START + 5000), false)
  acceptClock(directory, START)
  t.equal(takeAcceptance(directory, START + YEAR), false, 'another jump')
  t.equal(takeAcceptance(directory, START), false, 'it is gone')
})
