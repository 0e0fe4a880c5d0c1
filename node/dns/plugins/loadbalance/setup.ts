import { CorefileError } from '../../corefile/tokens.ts'
import type { SetUp } from '../../setup.ts'
import { loadbalance } from './loadbalance.ts'

export const setUp: SetUp = ({ args, line }) => {
  const policy = args[0] ?? 'round_robin'
  if (policy !== 'round_robin') {
    throw new CorefileError(line, `loadbalance: policy "${policy}" is not known, only round_robin`)
  }
  return loadbalance
}
