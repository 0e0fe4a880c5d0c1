import { expectArgs, parseDuration } from '../../corefile/values.ts'
import type { SetUp } from '../../setup.ts'
import { createReload } from './reload.ts'

const DEFAULT_INTERVAL = 30

/** `reload [INTERVAL [JITTER]]`; the jitter is half of the interval by default. */
export const setUp: SetUp = (directive, { corefile, reload, log }) => {
  expectArgs(directive, 0, 2)
  const [first, second] = directive.args
  const interval = first === undefined ? DEFAULT_INTERVAL : parseDuration(first, directive)
  const jitter = second === undefined ? interval / 2 : parseDuration(second, directive)
  return createReload({ corefile, interval, jitter, reload }, log)
}
