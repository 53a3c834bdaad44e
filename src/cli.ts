#!/usr/bin/env node
import type { CommandContext } from './command/command-context.ts'
import { ExitCode } from './command/exit-code.ts'
import { runProgram } from './command/program/run-program.ts'

const { KEYTRAIL_CONFIG, KEYTRAIL_DEBUG, ...env } = process.env

const context: CommandContext = {
  out: (text) => void process.stdout.write(text),
  err: (text) => void process.stderr.write(text),
  env,
  get columns() {
    return process.stdout.isTTY ? process.stdout.columns : null
  },
  clock: () => Date.now(),
}

// Whoever reads our output may stop early: keytrail history … | head
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(ExitCode.ok)
  throw error
})
const debug = KEYTRAIL_DEBUG !== undefined
process.exitCode = await runProgram(process.argv, { context, config: KEYTRAIL_CONFIG, debug })
