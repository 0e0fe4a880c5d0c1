import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { Address4 } from 'ip-address'
import { execute, ip, ipForce, ipQuery, nft } from '../../../cni/netlink/ip.ts'
import type { NetworkPeer, NetworkPlugin, NetworkSelf } from '../../../plugins/network.ts'
import { definePlugin } from '../../../plugins/plugin.ts'

const DEVICE = 'skiff.vxlan'
const BRIDGE = 'skiff-pods'
const TABLE = 'ip skiff_network'
const VNI = 1
const PORT = 8472
/** Bytes a VXLAN packet is larger than what is in it (outer Ethernet, IPv4, UDP, VXLAN). */
const OVERHEAD = 50

/** VXLAN between the nodes, a bridge on each: every Pod is reachable from every Pod and node, without NAT. */
export default definePlugin({
  type: 'network',
  name: 'vxlan',
  version: '1.0.0',
  start: () => createOverlay(),
})

/** The hardware address of a node's end of the overlay: known to everybody from its own address. */
const vtepMac = (address: string): string => {
  const digest = createHash('sha256').update(address).digest()
  return ['02', ...[...digest.subarray(0, 5)].map(byte => byte.toString(16).padStart(2, '0'))].join(':')
}

/** The first address of a node's range is its end of the overlay. */
const vtepAddress = (podCIDR: string): string => new Address4(podCIDR).startAddress().address

function createOverlay(): NetworkPlugin {
  let self: NetworkSelf | undefined
  let mtu = 1_450
  let programmed = new Map<string, NetworkPeer>()
  return {
    name: 'vxlan',
    async prepare(own) {
      self = own
      const device = await deviceOf(own.address)
      mtu = device.mtu - OVERHEAD
      await makeDevice(own, device.name, mtu)
      await setSysctls(device.name)
      if (own.podCIDR) await masquerade(own)
    },
    async setPeers(peers) {
      const wanted = new Map(peers.map(peer => [peer.name, peer]))
      const isSame = (a: NetworkPeer | undefined, b: NetworkPeer): boolean =>
        a?.address === b.address && a.podCIDR === b.podCIDR
      const gone = [...programmed.values()].filter(
        peer => !wanted.has(peer.name) || !isSame(wanted.get(peer.name), peer),
      )
      await ipForce(
        gone.flatMap(({ podCIDR }) => [
          `route delete ${podCIDR} dev ${DEVICE}`,
          `neigh delete ${vtepAddress(podCIDR)} dev ${DEVICE}`,
        ]),
      )
      const fresh = peers.filter(peer => !isSame(programmed.get(peer.name), peer))
      await ip(fresh.flatMap(peer => peerCommands(peer, self!)))
      for (const peer of fresh) await replaceForwarding(peer)
      if (self?.podCIDR) await setMembers(peers, self)
      programmed = wanted
    },
    conflist: ({ podCIDR }) => podCIDR && conflist(podCIDR, mtu),
    async cleanUp() {
      await ipForce([`link delete ${DEVICE}`, `link delete ${BRIDGE}`])
      await nft(`add table ${TABLE}\ndelete table ${TABLE}`).catch(() => {})
    },
  } as NetworkPlugin
}

interface Link {
  ifname: string
  mtu: number
  address: string
  addr_info?: { local: string }[]
}

/** The interface that has the node's address: the underlay. */
async function deviceOf(address: string): Promise<{ name: string; mtu: number }> {
  const links = await ipQuery<Link>(['address', 'show'])
  const link = links.find(({ addr_info = [] }) => addr_info.some(({ local }) => local === address))
  if (!link)
    throw new Error(
      `nodeAddress ${address} is on none of this machine's interfaces (${links.map(({ ifname }) => ifname).join(', ')})`,
    )
  return { name: link.ifname, mtu: link.mtu }
}

async function makeDevice({ address, podCIDR }: NetworkSelf, underlay: string, mtu: number): Promise<void> {
  if (!existsSync(`/sys/class/net/${DEVICE}`)) {
    await ip([
      `link add ${DEVICE} address ${vtepMac(address)} mtu ${mtu} alias skiff type vxlan id ${VNI} local ${address} dev ${underlay} dstport ${PORT} nolearning`,
    ])
  }
  await ip([
    ...(podCIDR ? [`address replace ${vtepAddress(podCIDR)}/32 dev ${DEVICE}`] : []),
    `link set ${DEVICE} mtu ${mtu} up`,
  ])
}

/** Answers of hosts without Pods come back over the underlay: paths may differ, so sources are checked loosely. */
async function setSysctls(underlay: string): Promise<void> {
  const settings: Record<string, string> = {
    'net/ipv4/ip_forward': '1',
    'net/ipv4/conf/all/rp_filter': '0',
    [`net/ipv4/conf/${underlay}/rp_filter`]: '0',
    [`net/ipv4/conf/${DEVICE}/rp_filter`]: '0',
  }
  for (const [name, value] of Object.entries(settings))
    await writeFile(`/proc/sys/${name}`, value).catch(() => {})
  // Without it Pods of one bridge reach each other past the Services' rules, and answers are not translated back.
  const bridged = '/proc/sys/net/bridge/bridge-nf-call-iptables'
  if (!existsSync(bridged)) await execute('/usr/sbin/modprobe', ['br_netfilter']).catch(() => {})
  if (existsSync(bridged) && (await readFile(bridged, 'utf8')).trim() === '0')
    await writeFile(bridged, '1').catch(() => {})
}

/** A node without Pods uses its own address as source, so that answers find it. */
function peerCommands({ podCIDR }: NetworkPeer, self: NetworkSelf): string[] {
  const gateway = vtepAddress(podCIDR)
  const source = self.podCIDR ? '' : ` src ${self.address}`
  return [`route replace ${podCIDR} via ${gateway} dev ${DEVICE} onlink${source}`]
}

async function replaceForwarding({ address, podCIDR }: NetworkPeer): Promise<void> {
  const mac = vtepMac(address)
  await ip([`neigh replace ${vtepAddress(podCIDR)} lladdr ${mac} dev ${DEVICE} nud permanent`])
  await execute('/usr/sbin/bridge', [
    'fdb',
    'replace',
    mac,
    'dev',
    DEVICE,
    'dst',
    address,
    'self',
    'permanent',
  ])
}

/** Traffic of Pods that leaves the cluster takes the node's address; what stays keeps its own. */
async function masquerade({ podCIDR, clusterCIDR, address }: NetworkSelf): Promise<void> {
  await nft(`
add table ${TABLE}
delete table ${TABLE}
table ${TABLE} {
  set nodes {
    type ipv4_addr
    elements = { ${address} }
  }
  chain postrouting {
    type nat hook postrouting priority srcnat;
    ip saddr ${podCIDR} ip daddr != ${clusterCIDR} ip daddr != @nodes oifname != "${BRIDGE}" oifname != "lo" masquerade
  }
}
`)
}

async function setMembers(peers: NetworkPeer[], { address }: NetworkSelf): Promise<void> {
  const elements = [address, ...peers.map(peer => peer.address)].join(', ')
  await nft(`flush set ${TABLE} nodes\nadd element ${TABLE} nodes { ${elements} }\n`)
}

function conflist(podCIDR: string, mtu: number): object {
  return {
    cniVersion: '1.0.0',
    name: 'skiff',
    plugins: [
      {
        type: 'skiff-bridge',
        bridge: BRIDGE,
        mtu,
        hairpinMode: true,
        ipam: { type: 'skiff-host-local', subnet: podCIDR, routes: [{ dst: '0.0.0.0/0' }] },
      },
      { type: 'skiff-portmap', capabilities: { portMappings: true } },
    ],
  }
}
