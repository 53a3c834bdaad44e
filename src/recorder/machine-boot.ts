import { readFileSync } from 'node:fs'

/** random(4): a UUID that the kernel makes anew at each start of the machine. */
const BOOT_ID = '/proc/sys/kernel/random/boot_id'

/** Tells one start of this machine from another; '' where nothing does. */
export function machineBoot(path = BOOT_ID): string {
  try {
    return readFileSync(path, 'latin1').trim()
  } catch {
    return ''
  }
}
