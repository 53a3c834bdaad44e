import { mkdirSync, mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { buildStore, openBuilt } from './build-store.ts'
import { type Figures, limits, table } from './figures.ts'
import { measureSidecar } from './measure-sidecar.ts'
import { measureStore } from './measure-store.ts'

const HELP = `usage: npm run test:scale -- [--rings N] [--few N] [--full N] [--dir D]

  Builds a store of N rings (1,000,000) and one of a few (1,000), each with full ones beside them (100 and 5), and
  compares what they cost. Needs some 3 GB in D (the system's temporary directory).`

const { values } = parseArgs({
  options: {
    rings: { type: 'string', default: '1000000' },
    few: { type: 'string', default: '1000' },
    full: { type: 'string', default: '100' },
    dir: { type: 'string', default: tmpdir() },
    help: { type: 'boolean', default: false },
  },
})

async function measure(rings: number, full: number): Promise<Figures> {
  const directory = mkdtempSync(join(values.dir, 'keytrail-scale-'))
  try {
    const dataDir = join(directory, 'data')
    mkdirSync(dataDir)
    const began = performance.now()
    const built = buildStore(dataDir, rings, full)
    const storeBytes = statSync(join(dataDir, 'store.mdb')).size
    console.log(
      `${rings} rings and ${full} full ones: ${Math.round(storeBytes / 1e6)} MB, built in ${Math.round((performance.now() - began) / 1000)} s`,
    )
    await built.store.environment.close()
    const sidecar = await measureSidecar(dataDir, rings)
    const again = openBuilt(dataDir, built)
    const times = measureStore(again)
    await again.store.environment.close()
    return { rings, fullRingMb: built.fullRingBytes / 1e6, ...sidecar, ...times }
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}

async function scale(): Promise<number> {
  const few = await measure(Number(values.few), Math.min(5, Number(values.full)))
  const many = await measure(Number(values.rings), Number(values.full))
  console.log(table(few, many))
  const broken = limits(few, many)
  for (const line of broken) console.log(`  ${line}`)
  return broken.length === 0 ? 0 : 1
}

if (values.help) console.log(HELP)
else process.exitCode = await scale()
