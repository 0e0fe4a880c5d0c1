import { randomBytes } from 'node:crypto'
import type { Nft } from '../../../cni/netlink/nft.ts'
import {
  type AddressFamily,
  type ProxyChanges,
  ProxyStateLostError,
  type ServicePortModel,
  type ServiceProxy,
} from '../../../plugins/proxy.ts'
import { createStaleFlows, type StaleFlows } from '../conntrack.ts'
import { readAffinity, restoreAffinity } from './affinity.ts'
import { removeTable, replaceTable, TABLE, WORDS } from './base-table.ts'
import { TableState } from './table-state.ts'

const FAMILIES: AddressFamily[] = ['IPv4', 'IPv6']

/** Service rules in nftables: one table per family, changed by differences, each batch one transaction. */
export function createNftablesProxy(nft: Nft): ServiceProxy {
  const flows = createStaleFlows()
  let tables = new Map<AddressFamily, TableState>()
  /** A chain whose name tells that the table is the one this instance made. */
  let stateChain = ''
  return {
    name: 'nftables',
    async apply(changes) {
      if (changes.full) {
        stateChain = `state-${randomBytes(6).toString('hex')}`
        tables = await applyAll(nft, changes, stateChain)
      } else {
        await applyDifferences(nft, changes, tables)
      }
      await deleteStaleFlows(flows, changes)
    },
    async isIntact() {
      const lists = [...tables.keys()].map(family => `list chain ${WORDS[family].ip} ${TABLE} ${stateChain}`)
      return nft.run(lists.join('\n')).then(
        () => true,
        () => false,
      )
    },
    async stop() {},
    async cleanup() {
      tables.clear()
      await nft.run(FAMILIES.map(removeTable).join('\n'))
    },
  }
}

/** Replaces what an earlier instance left in one transaction; traffic never meets a half-made table. */
async function applyAll(
  nft: Nft,
  changes: ProxyChanges,
  stateChain: string,
): Promise<Map<AddressFamily, TableState>> {
  const tables = new Map<AddressFamily, TableState>()
  const commands: string[] = []
  for (const family of FAMILIES) {
    const models = ofFamily(changes.set, family)
    if (family === 'IPv6' && models.length === 0) {
      commands.push(removeTable(family))
      continue
    }
    const clients = await readAffinity(nft, family)
    const table = new TableState(family, changes.node)
    commands.push(replaceTable(family, changes.node, stateChain), ...table.change(models, []))
    commands.push(...restoreAffinity(family, clients, table.affinitySets()))
    tables.set(family, table)
  }
  await nft.run(commands.join('\n'))
  return tables
}

async function applyDifferences(
  nft: Nft,
  { set, removed }: ProxyChanges,
  tables: Map<AddressFamily, TableState>,
): Promise<void> {
  const commands: string[] = []
  for (const family of FAMILIES) {
    const models = ofFamily(set, family)
    const ids = removed.filter(id => id.endsWith(`/${family}`))
    if (models.length === 0 && ids.length === 0) continue
    const table = tables.get(family)
    if (!table) throw new ProxyStateLostError(`there is no table for ${family} yet`)
    commands.push(...table.change(models, ids))
  }
  if (commands.length === 0) return
  await nft.run(commands.join('\n')).catch(cause => {
    tables.clear()
    throw new ProxyStateLostError(cause.message, { cause })
  })
}

const ofFamily = (models: ServicePortModel[], family: AddressFamily): ServicePortModel[] =>
  models.filter(model => model.family === family)

async function deleteStaleFlows(
  flows: StaleFlows,
  { full, node, set, removed }: ProxyChanges,
): Promise<void> {
  flows.update({ full, set, removed })
  await flows.clean(node.addresses)
}
