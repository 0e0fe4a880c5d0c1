import { writeFile } from 'node:fs/promises'
import { canonicalAddress } from '../../../cni/netlink/attributes.ts'
import type { Logger } from '../../../plugins/plugin.ts'
import {
  type AddressFamily,
  type ProxyChanges,
  ProxyStateLostError,
  type ServiceProxy,
} from '../../../plugins/proxy.ts'
import { createStaleFlows } from '../conntrack.ts'
import { familyOf } from '../service-changes.ts'
import { applyRules, removeRules } from './iptables.ts'
import { changeAddresses, ensureLink, linkAddresses, removeLink } from './link.ts'
import type { Ipvs, VirtualServer } from './netlink.ts'
import { ownServers, reap, setServer } from './table.ts'
import { serverId, virtualServers, type WantedServer } from './virtual-servers.ts'

const REAP_EVERY = 5_000
const FAMILIES: AddressFamily[] = ['IPv4', 'IPv6']

/** `conn_reuse_mode` 0 and the two `expire_` are what keeps rolling updates from losing connections. */
const SYSCTLS = {
  conntrack: '1',
  conn_reuse_mode: '0',
  expire_nodest_conn: '1',
  expire_quiescent_template: '1',
}

/** Service rules in IPVS. The table has no transactions: what failed half-way is made good by a full apply. */
export class IpvsProxy implements ServiceProxy {
  readonly name = 'ipvs'
  readonly #ipvs: Ipvs
  readonly #log: Logger
  readonly #flows = createStaleFlows()
  /** What is wanted, by Service port. */
  readonly #wanted = new Map<string, WantedServer[]>()
  readonly #draining = new Map<string, VirtualServer>()
  readonly #timer: NodeJS.Timeout
  #held = new Map<string, VirtualServer>()
  #families: AddressFamily[] = []
  #isStarted = false

  constructor(ipvs: Ipvs, log: Logger) {
    this.#ipvs = ipvs
    this.#log = log
    this.#timer = setInterval(() => void this.#reapAll(), REAP_EVERY)
    this.#timer.unref()
  }

  async apply(changes: ProxyChanges): Promise<void> {
    if (!changes.full && !this.#isStarted) throw new ProxyStateLostError('nothing was applied yet')
    this.#isStarted = false
    await this.#make(changes).catch(cause => {
      if (changes.full) throw cause
      throw new ProxyStateLostError(`IPVS: ${cause.message}`, { cause })
    })
    this.#isStarted = true
    this.#flows.update(changes)
    await this.#flows.clean(changes.node.addresses)
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer)
    this.#ipvs.close()
  }

  async cleanup(): Promise<void> {
    const own = await ownServers(this.#ipvs, [...(await linkAddresses()), ...this.#nodeAddresses()]).catch(
      () => new Map(),
    )
    for (const server of own.values()) await this.#ipvs.deleteServer(server).catch(() => {})
    for (const family of FAMILIES) await removeRules(family)
    await removeLink()
  }

  async isIntact(): Promise<boolean> {
    const listed = new Set((await this.#ipvs.listServers()).map(serverId))
    return [...this.#held.keys()].every(id => listed.has(id))
  }

  async #make({ full, node, set, removed }: ProxyChanges): Promise<void> {
    if (full) await this.#begin(node.addresses)
    for (const id of removed) this.#wanted.delete(id)
    for (const model of set) this.#wanted.set(model.id, virtualServers(model, node))
    const wanted = this.#allWanted()
    const touched = new Set(set.flatMap(({ id }) => this.#wanted.get(id)!.map(serverId)))
    await this.#changeAddresses([...wanted.values()])
    for (const [id, server] of wanted) {
      if (!full && !touched.has(id) && this.#held.has(id)) continue
      await setServer(this.#ipvs, server, this.#held.get(id), drained => this.#draining.set(id, drained))
      this.#held.set(id, server)
    }
    for (const [id, server] of [...this.#held]) if (!wanted.has(id)) await this.#drop(id, server)
    await this.#applyRules([...wanted.values()], node)
  }

  async #begin(nodeAddresses: string[]): Promise<void> {
    await ensureLink()
    for (const [name, value] of Object.entries(SYSCTLS)) {
      await writeFile(`/proc/sys/net/ipv4/vs/${name}`, value).catch(error =>
        this.#log.warn({ sysctl: name, error: error.message }, 'an IPVS setting could not be made'),
      )
    }
    this.#wanted.clear()
    this.#draining.clear()
    this.#held = await ownServers(this.#ipvs, [...(await linkAddresses()), ...nodeAddresses])
  }

  /** Two Services may want the same address and port: who came first has it. */
  #allWanted(): Map<string, WantedServer> {
    const all = new Map<string, WantedServer>()
    for (const server of [...this.#wanted.values()].flat()) {
      const id = serverId(server)
      if (!all.has(id)) all.set(id, server)
    }
    return all
  }

  async #changeAddresses(servers: WantedServer[]): Promise<void> {
    const there = new Set(await linkAddresses())
    const wanted = new Set(
      servers.filter(({ isOnLink }) => isOnLink).map(({ address }) => canonicalAddress(address)),
    )
    const add = [...wanted].filter(address => !there.has(address))
    const remove = [...there].filter(address => !wanted.has(address) && !address.startsWith('fe80'))
    await changeAddresses(add, remove)
  }

  async #drop(id: string, server: VirtualServer): Promise<void> {
    await this.#ipvs.deleteServer(server)
    this.#held.delete(id)
    this.#draining.delete(id)
  }

  async #applyRules(servers: WantedServer[], node: ProxyChanges['node']): Promise<void> {
    const used = new Set<AddressFamily>([
      'IPv4',
      ...servers.map(({ address }) => familyOf(address)),
      ...this.#families,
    ])
    this.#families = [...used]
    for (const family of used) await applyRules(family, servers, node)
  }

  #nodeAddresses(): string[] {
    return [...this.#wanted.values()]
      .flat()
      .filter(({ isOnLink }) => !isOnLink)
      .map(({ address }) => address)
  }

  async #reapAll(): Promise<void> {
    for (const [id, server] of [...this.#draining]) {
      const isDone = await reap(this.#ipvs, server).catch(() => true)
      if (isDone) this.#draining.delete(id)
    }
  }
}
