import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { ip, ipForce, ipQuery } from '../netlink/ip.ts'
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

/** The host's end of an attachment: the same name for the same attachment, whenever it is asked for. */
const hostLink = ({ containerId, ifname }: Invocation): string =>
  `veth${createHash('sha256').update(`${containerId}/${ifname}`).digest('hex').slice(0, 10)}`

/** Puts a sandbox on a bridge: a veth pair, an address, a default route through the bridge. */
export const bridge: CniPlugin = {
  name: 'skiff-bridge',
  async add(call) {
    const { ip: address, routes } = await allocate(call)
    try {
      await ensureBridge(call, `${address.gateway}/${address.address.split('/')[1]}`)
      await attach(call, address.address, routes?.map(({ dst, gw }) => [dst, gw ?? address.gateway!]) ?? [])
      return await describe(call, address.address, address.gateway!, routes)
    } catch (error) {
      await bridge.del(call)
      throw error
    }
  },
  async del(call) {
    await ipForce([`link delete ${hostLink(call)}`])
    if (call.config.ipam) await release(call)
  },
  async check(call) {
    const [link] = await ipQuery<{ ifname: string }>(['link', 'show', 'dev', call.ifname], call.netns)
    if (!link) throw new CniError(CODES.unknownContainer, `${call.ifname} is not there in ${call.netns}`)
  },
  async gc(call) {
    await collect(call)
    const valid = new Set(
      (call.config['cni.dev/valid-attachments'] ?? []).map(({ containerID, ifname }) =>
        hostLink({ ...call, containerId: containerID, ifname }),
      ),
    )
    const links = await ipQuery<{ ifname: string; ifalias?: string }>([
      'link',
      'show',
      'master',
      bridgeOf(call),
    ])
    const stale = links.filter(({ ifname, ifalias }) => ifalias === MARK && !valid.has(ifname))
    await ipForce(stale.map(({ ifname }) => `link delete ${ifname}`))
  },
}

/** Makes the bridge once; its address is the sandboxes' gateway. */
async function ensureBridge(call: Invocation, gateway: string): Promise<void> {
  const name = bridgeOf(call)
  const { mtu } = call.config as BridgeConfig
  if (!existsSync(`/sys/class/net/${name}`)) {
    await ip([`link add ${name} alias ${MARK} ${mtu ? `mtu ${mtu} ` : ''}type bridge`]).catch(error => {
      if (!existsSync(`/sys/class/net/${name}`)) throw error
    })
    await ip([`address replace ${gateway} dev ${name}`, `link set ${name} up`])
    await writeFile('/proc/sys/net/ipv4/ip_forward', '1')
  }
}

/** One batch on the host, one in the sandbox. A half-made attachment of an earlier try is replaced. */
async function attach(call: Invocation, address: string, routes: [string, string][]): Promise<void> {
  const { netns, ifname, config } = call
  const { mtu, hairpinMode } = config as BridgeConfig
  const outer = hostLink(call)
  const size = mtu ? ` mtu ${mtu}` : ''
  await ipForce([`link delete ${outer}`])
  // iproute2 names namespaces only by PID or below /run/netns; from inside, the host's side goes to PID 1's.
  await ip([`link add ${ifname}${size} type veth peer name ${outer}${size} netns ${process.pid}`], netns)
  const hairpin = hairpinMode === false ? 'off' : 'on'
  await ip([
    `link set ${outer} alias ${MARK} master ${bridgeOf(call)} up`,
    `link set ${outer} type bridge_slave hairpin ${hairpin}`,
  ])
  await ip(
    [
      `address add ${address} dev ${ifname}`,
      `link set ${ifname} up`,
      ...routes.map(([dst, gw]) => `route add ${dst} via ${gw} dev ${ifname}`),
    ],
    netns,
  )
}

async function describe(
  call: Invocation,
  address: string,
  gateway: string,
  routes: Result['routes'],
): Promise<Result> {
  const [inner] = await ipQuery<{ address: string; mtu: number }>(
    ['link', 'show', 'dev', call.ifname],
    call.netns,
  )
  return {
    cniVersion: call.config.cniVersion,
    interfaces: [
      { name: bridgeOf(call) },
      { name: hostLink(call) },
      { name: call.ifname, ...(inner && { mac: inner.address }), sandbox: call.netns },
    ],
    ips: [{ address, gateway, interface: 2 }],
    ...(routes && { routes }),
  }
}
