import { expectArgs } from '../../corefile/values.ts'
import type { SetUp } from '../../setup.ts'
import { createLoop } from './loop.ts'

export const setUp: SetUp = (directive, { zones, resolve, log }) => {
  expectArgs(directive, 0)
  return createLoop(zones[0] ?? '', resolve, log)
}
