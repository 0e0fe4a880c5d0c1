import { createHash } from 'node:crypto'
import { encodeAddress } from '../netlink/attributes.ts'
import { isOwnNamespace } from '../netlink/namespace.ts'
import { type Netlink, withNetlink } from '../netlink/netlink.ts'
import { writeSysctl } from '../netlink/sysctl.ts'
import type { CniPlugin } from '../skel.ts'
import { CniError, CODES, type Invocation, type NetworkConfig, type Result } from '../wire/types.ts'
import { allocate, collect, release } from './host-local.ts'

interface BridgeConfig extends NetworkConfig {
  bridge?: string
  mtu?: number
  hairpinMode?: boolean
}

const MARK = 'skiff'
const bridgeOf = ({ config }: Invocation): string => (config as BridgeConfig).bridge ?? 'cni0'
const sizeOf = ({ config }: Invocation): { mtu?: number } => {
  const { mtu } = config as BridgeConfig
  return mtu === undefined ? {} : { mtu }
}

/** The host's end of an attachment: the same name for the same attachment, whenever it is asked for. */
const hostLink = ({ containerId, ifname }: Pick<Invocation, 'containerId' | 'ifname'>): string =>
  `veth${createHash('sha256').update(`${containerId}/${ifname}`).digest('hex').slice(0, 10)}`

/** A hardware address made of the IP address: whoever remembers one for an address that went to another Pod is right. */
const macOf = (address: string): string =>
  `0a:58:${[...encodeAddress(address)].map(byte => byte.toString(16).padStart(2, '0')).join(':')}`

/** Puts a sandbox on a bridge: a veth pair, an address, a default route through the bridge. */
export const bridge: CniPlugin = {
  name: 'skiff-bridge',
  async add(call) {
    if (isOwnNamespace(call.netns)) {
      const why = `CNI_NETNS ${call.netns} is the host's own network namespace`
      throw new CniError(CODES.invalidEnvironment, why)
    }
    const { ip, routes } = allocate(call)
    try {
      return await withNetlink(undefined, host => attach(host, call, ip.address, ip.gateway, routes))
    } catch (error) {
      await bridge.del(call).catch(() => {})
      throw error
    }
  },
  async del(call) {
    await withNetlink(undefined, host => host.links.delete(hostLink(call)))
    if (call.config.ipam) release(call)
  },
  async check(call) {
    const [bridgeLink, port] = await withNetlink(undefined, ({ links }) =>
      Promise.all([links.get(bridgeOf(call)), links.get(hostLink(call))]),
    )
    const inner = await withNetlink(call.netns, ({ links }) => links.get(call.ifname))
    const missing = (what: string): never => {
      throw new CniError(CODES.unknownContainer, what)
    }
    if (!inner) missing(`${call.ifname} is not there in ${call.netns}`)
    if (!port || !bridgeLink || port.master !== bridgeLink.index)
      missing(`the host's end of ${call.ifname} is no port of ${bridgeOf(call)}`)
  },
  async gc(call) {
    collect(call)
    const valid = new Set(
      (call.config['cni.dev/valid-attachments'] ?? []).map(({ containerID, ifname }) =>
        hostLink({ containerId: containerID, ifname }),
      ),
    )
    await withNetlink(undefined, async ({ links }) => {
      const ports = await links.list({ master: bridgeOf(call) })
      const stale = ports.filter(({ name, alias }) => alias === MARK && !valid.has(name))
      for (const { index } of stale) await links.delete(index)
    })
  },
}

/** All of an attachment: the host's end first, so that a half-made one of an earlier try is found by its name. */
async function attach(
  host: Netlink,
  call: Invocation,
  cidr: string,
  gateway: string,
  routes: Result['routes'],
): Promise<Result> {
  const { netns, ifname, config } = call
  const [address = '', length] = cidr.split('/')
  const master = await ensureBridge(host, call, `${gateway}/${length}`)
  const mac = macOf(address)
  await makePair(host, call, master, mac)
  await withNetlink(netns, async inside => {
    const link = await inside.links.indexOf(ifname)
    await inside.links.set(link, { up: true })
    await inside.addresses.add(link, cidr)
    for (const { dst, gw } of routes ?? []) await inside.routes.add({ to: dst, via: gw ?? gateway, link })
  })
  return {
    cniVersion: config.cniVersion,
    interfaces: [
      { name: bridgeOf(call), mac: macOf(gateway) },
      { name: hostLink(call) },
      { name: ifname, mac, sandbox: netns },
    ],
    ips: [{ address: cidr, gateway, interface: 2 }],
    ...(routes && { routes }),
  }
}

/**
 * Makes the bridge and gives it its address, the sandboxes' gateway, wherever one of them is missing. A hardware address
 * of its own keeps it from taking, and changing with, that of its ports.
 */
async function ensureBridge(
  { links, addresses }: Netlink,
  call: Invocation,
  gateway: string,
): Promise<number> {
  const name = bridgeOf(call)
  const there = await links.get(name)
  if (!there) {
    const mac = macOf(gateway.split('/')[0]!)
    await links.create({ kind: 'bridge', name, mac, ...sizeOf(call), up: true })
    await links.set(name, { alias: MARK })
    writeSysctl('net/ipv4/ip_forward', 1)
  } else if (!there.isUp) await links.set(name, { up: true })
  const index = there?.index ?? (await links.indexOf(name))
  await addresses.add(index, gateway)
  return index
}

async function makePair({ links }: Netlink, call: Invocation, master: number, mac: string): Promise<void> {
  const { netns, ifname, config } = call
  const name = hostLink(call)
  const peer = { name: ifname, mac, netns, ...sizeOf(call) }
  const create = () => links.create({ kind: 'veth', name, master, up: true, peer, ...sizeOf(call) })
  if (!(await create())) {
    await links.delete(name)
    if (!(await create()))
      throw new CniError(CODES.invalidEnvironment, `there is a link ${ifname} in ${netns} already`)
  }
  const hairpin = (config as BridgeConfig).hairpinMode !== false
  await links.set(name, { alias: MARK, port: { hairpin } })
}
