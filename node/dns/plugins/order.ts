import type { SetUp } from '../setup.ts'
import { setUp as cache } from './cache/setup.ts'
import { setUp as errors } from './errors/setup.ts'
import { setUp as forward } from './forward/setup.ts'
import { setUp as health } from './health/setup.ts'
import { setUp as hosts } from './hosts/setup.ts'
import { setUp as kubernetes } from './kubernetes/setup.ts'
import { setUp as loadbalance } from './loadbalance/setup.ts'
import { setUp as log } from './log/setup.ts'
import { setUp as loop } from './loop/setup.ts'
import { setUp as prometheus } from './prometheus/setup.ts'
import { setUp as ready } from './ready/setup.ts'
import { setUp as reload } from './reload/setup.ts'
import { setUp as rewrite } from './rewrite/setup.ts'
import { setUp as template } from './template/setup.ts'

/** One plugin a Corefile may name. */
export interface KnownPlugin {
  name: string
  setUp: SetUp
  /** All lines of a server block are one plugin: `setUp` gets them as the block of a directive of its own. */
  takesAllLines?: true
}

/**
 * The plugins in the order a query meets them, whatever their order in the Corefile. Those of third parties come before
 * {@link THIRD_PARTY_BEFORE}.
 */
export const pluginOrder: readonly KnownPlugin[] = [
  { name: 'reload', setUp: reload },
  { name: 'ready', setUp: ready },
  { name: 'health', setUp: health },
  { name: 'prometheus', setUp: prometheus },
  { name: 'errors', setUp: errors },
  { name: 'log', setUp: log },
  { name: 'loadbalance', setUp: loadbalance },
  { name: 'cache', setUp: cache },
  { name: 'rewrite', setUp: rewrite, takesAllLines: true },
  { name: 'template', setUp: template },
  { name: 'hosts', setUp: hosts },
  { name: 'kubernetes', setUp: kubernetes },
  { name: 'loop', setUp: loop },
  { name: 'forward', setUp: forward },
]

export const THIRD_PARTY_BEFORE = 'hosts'
