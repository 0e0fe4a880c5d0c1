import { type Nft, openNft } from '../netlink/nft.ts'
import { writeSysctl } from '../netlink/sysctl.ts'
import type { CniPlugin } from '../skel.ts'
import { CniError, CODES, type Invocation, type PortMapping, type Result } from '../wire/types.ts'

const TABLE = 'ip skiff_hostport'

let opened: Promise<Nft> | undefined

/** One transaction; opened when the first container wants a port of the host. */
async function nft(commands: string): Promise<string> {
  opened ??= openNft()
  return (await opened).run(commands)
}

/** Makes container ports reachable on the host's addresses, by nftables. Its rules name the sandbox they belong to. */
export const portmap: CniPlugin = {
  name: 'skiff-portmap',
  async add(call) {
    const { prevResult } = call.config
    if (!prevResult)
      throw new CniError(
        CODES.invalidConfig,
        'portmap must come after another plugin: there is no prevResult',
      )
    const mappings = mappingsOf(call)
    const address = prevResult.ips[0]?.address.split('/')[0]
    if (mappings.length === 0 || !address) return prevResult
    await portmap.del(call)
    openLoopback(prevResult)
    await nft(
      [...tableScript(), ...mappings.flatMap(mapping => rules(mapping, address, call.containerId))].join(
        '\n',
      ),
    )
    return prevResult
  },
  async del(call) {
    // Callers say at DEL what they said at ADD: most sandboxes want no ports, and nothing has to be looked for.
    if (call.config.runtimeConfig && mappingsOf(call).length === 0) return
    const listed = await nft('list table ip skiff_hostport').catch(() => '{"nftables":[]}')
    const rulesThere: { rule?: { chain: string; handle: number; comment?: string } }[] =
      JSON.parse(listed).nftables
    const mine = rulesThere.filter(({ rule }) => rule?.comment === call.containerId)
    const script = mine.map(({ rule }) => `delete rule ${TABLE} ${rule!.chain} handle ${rule!.handle}`)
    if (script.length > 0) await nft(script.join('\n')).catch(() => {})
  },
}

/** containerd before 1.7 writes `HostPort` where CNI says `hostPort`: programs in Go make no difference. */
const inLowerCase = (mapping: PortMapping): PortMapping =>
  Object.fromEntries(
    Object.entries(mapping).map(([key, value]) => [key.charAt(0).toLowerCase() + key.slice(1), value]),
  ) as never

const mappingsOf = ({ config }: Invocation): PortMapping[] =>
  (config.runtimeConfig?.portMappings ?? []).map(inLowerCase).filter(({ hostPort }) => hostPort > 0)

/** Lets answers of a sandbox to the host's own loopback back in over its bridge; what is no answer is dropped (below). */
function openLoopback({ interfaces = [] }: Result): void {
  const bridge = interfaces.find(({ sandbox }) => !sandbox)
  if (bridge) writeSysctl(`net/ipv4/conf/${bridge.name}/route_localnet`, 1)
}

/** By number: nft knows the name `dstnat` in prerouting only. */
const tableScript = (): string[] => [
  `add table ${TABLE}`,
  `add chain ${TABLE} prerouting { type nat hook prerouting priority -100; }`,
  `add chain ${TABLE} output { type nat hook output priority -100; }`,
  `add chain ${TABLE} postrouting { type nat hook postrouting priority 100; }`,
  `add chain ${TABLE} input { type filter hook input priority 0; }`,
  `flush chain ${TABLE} input`,
  `add rule ${TABLE} input iifname != "lo" ip daddr 127.0.0.0/8 ct state new drop`,
]

function rules(
  { hostIP, hostPort, containerPort, protocol }: PortMapping,
  address: string,
  id: string,
): string[] {
  const proto = protocol.toLowerCase()
  const isAny = !hostIP || hostIP === '0.0.0.0'
  const to = isAny ? 'fib daddr type local' : `ip daddr ${hostIP}`
  const dnat = `${to} ${proto} dport ${hostPort} dnat to ${address}:${containerPort} comment "${id}"`
  return [
    `add rule ${TABLE} prerouting ${dnat}`,
    `add rule ${TABLE} output ${dnat}`,
    `add rule ${TABLE} postrouting ip saddr { ${address}, 127.0.0.0/8 } ip daddr ${address} masquerade comment "${id}"`,
  ]
}
