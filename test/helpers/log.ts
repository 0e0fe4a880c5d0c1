import type { Logger } from '../../plugins/plugin.ts'

/** A logger for parts under test: says nothing unless SKIFF_TEST_LOG is set. */
export const quietLog: Logger = {
  debug() {},
  info: say,
  warn: say,
  error: say,
  child: () => quietLog,
}

function say(details: object, message: string): void {
  if (process.env.SKIFF_TEST_LOG) console.error(message, details)
}
