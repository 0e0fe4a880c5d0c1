import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import type { Link, LinkSpec } from '../netlink/links.ts'
import { type Netlink, withNetlink } from '../netlink/netlink.ts'
import { writeSysctl } from '../netlink/sysctl.ts'
import type { CniPlugin } from '../skel.ts'
import {
  CniError,
  CODES,
  type Invocation,
  type IpConfig,
  type NetworkConfig,
  type Result,
  type Route,
} from '../wire/types.ts'
import { allocate, collect, release } from './host-local.ts'

interface BridgeConfig extends NetworkConfig {
  bridge?: string
  mtu?: number
  hairpinMode?: boolean
}

const MARK = 'skiff'
const bridgeOf = ({ config }: Invocation): string => (config as BridgeConfig).bridge ?? 'cni0'

/** The host's end of an attachment: the same name for the same attachment, whenever it is asked for. */
const hostLink = ({ containerId, ifname }: Invocation): string =>
  `veth${createHash('sha256').update(`${containerId}/${ifname}`).digest('hex').slice(0, 10)}`

/** Puts a sandbox on a bridge: a veth pair, an address, a default route through the bridge. */
export const bridge: CniPlugin = {
  name: 'skiff-bridge',
  async add(call) {
    const { ip, routes } = await allocate(call)
    try {
      await withNetlink(undefined, async host => {
        await ensureBridge(host, call, `${ip.gateway}/${ip.address.split('/')[1]}`)
        await plugIn(host, call)
      })
      const { mac } = await withNetlink(call.netns, inside => configure(inside, call, ip, routes ?? []))
      return describe(call, ip, routes, mac)
    } catch (error) {
      await bridge.del(call)
      throw error
    }
  },
  async del(call) {
    await withNetlink(undefined, host => host.links.delete(hostLink(call)))
    if (call.config.ipam) await release(call)
  },
  async check(call) {
    const link = await withNetlink(call.netns, inside => inside.links.get(call.ifname))
    if (!link) throw new CniError(CODES.unknownContainer, `${call.ifname} is not there in ${call.netns}`)
  },
  async gc(call) {
    await collect(call)
    const valid = new Set(
      (call.config['cni.dev/valid-attachments'] ?? []).map(({ containerID, ifname }) =>
        hostLink({ ...call, containerId: containerID, ifname }),
      ),
    )
    await withNetlink(undefined, async host => {
      const ports = await host.links.list({ master: bridgeOf(call) })
      const stale = ports.filter(({ name, alias }) => alias === MARK && !valid.has(name))
      for (const { index } of stale) await host.links.delete(index)
    })
  },
}

/** Makes the bridge once; its address is the sandboxes' gateway. */
async function ensureBridge({ links, addresses }: Netlink, call: Invocation, gateway: string): Promise<void> {
  const name = bridgeOf(call)
  if (existsSync(`/sys/class/net/${name}`)) return
  const { mtu } = call.config as BridgeConfig
  await links.create({ kind: 'bridge', name, ...(mtu && { mtu }) })
  await addresses.add(name, gateway)
  await links.set(name, { alias: MARK, up: true })
  writeSysctl('net/ipv4/ip_forward', 1)
}

/** The veth pair: one end a port of the bridge, the other in the sandbox. A half-made one of an earlier try is replaced. */
async function plugIn({ links }: Netlink, call: Invocation): Promise<void> {
  const { mtu, hairpinMode } = call.config as BridgeConfig
  const name = hostLink(call)
  const size = mtu ? { mtu } : {}
  const peer = { name: call.ifname, netns: call.netns, ...size }
  const pair: LinkSpec = { kind: 'veth', name, master: bridgeOf(call), peer, ...size }
  if (!(await links.create(pair))) {
    await links.delete(name)
    if (!(await links.create(pair)))
      throw new CniError(CODES.internal, `${call.ifname} is there already in ${call.netns}`)
  }
  await links.set(name, { alias: MARK, up: true, port: { hairpin: hairpinMode !== false } })
}

/** Gives the sandbox's end its address and routes; resolves with the link as it then is. */
async function configure(
  { links, addresses, routes }: Netlink,
  { ifname }: Invocation,
  ip: IpConfig,
  wanted: Route[],
): Promise<Link> {
  const link = await links.get(ifname)
  if (!link) throw new CniError(CODES.internal, `${ifname} has gone from its sandbox`)
  const { index } = link
  await addresses.add(index, ip.address)
  await links.set(index, { up: true })
  for (const { dst, gw = ip.gateway } of wanted) await routes.add({ to: dst, via: gw!, link: index })
  return link
}

function describe(call: Invocation, ip: IpConfig, routes: Route[] | undefined, mac: string): Result {
  return {
    cniVersion: call.config.cniVersion,
    interfaces: [
      { name: bridgeOf(call) },
      { name: hostLink(call) },
      { name: call.ifname, mac, sandbox: call.netns },
    ],
    ips: [{ ...ip, interface: 2 }],
    ...(routes && { routes }),
  }
}
