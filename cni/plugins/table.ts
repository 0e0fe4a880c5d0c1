import type { CniPlugin } from '../skel.ts'
import { bridge } from './bridge.ts'
import { hostLocal } from './host-local.ts'
import { loopback } from './loopback.ts'
import { portmap } from './portmap.ts'

/** Our CNI plugins by the name of their executable. */
export const cniPlugins: Record<string, CniPlugin> = Object.fromEntries(
  [bridge, hostLocal, loopback, portmap].map(plugin => [plugin.name, plugin]),
)
