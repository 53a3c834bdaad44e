import { lockDirectory } from '../../src/store/lock.ts'

/** Holds the directory of its first argument until it is killed. */
await lockDirectory(process.argv[2] ?? '')
process.send?.('held')
setInterval(() => {}, 60_000)
