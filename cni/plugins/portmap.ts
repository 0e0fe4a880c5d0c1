import { nft, nftQuery } from '../netlink/ip.ts'
import type { CniPlugin } from '../skel.ts'
import { CniError, CODES, type Invocation, type PortMapping } from '../wire/types.ts'

const TABLE = 'ip skiff_hostport'

/** Makes container ports reachable on the host's addresses, by nftables. Its rules name the sandbox they belong to. */
export const portmap: CniPlugin = {
  name: 'skiff-portmap',
  async add(call) {
    const { prevResult, runtimeConfig } = call.config
    if (!prevResult)
      throw new CniError(
        CODES.invalidConfig,
        'portmap must come after another plugin: there is no prevResult',
      )
    const mappings = (runtimeConfig?.portMappings ?? []).filter(({ hostPort }) => hostPort > 0)
    const address = prevResult.ips[0]?.address.split('/')[0]
    if (mappings.length === 0 || !address) return prevResult
    await portmap.del(call)
    await nft(
      [...tableScript(), ...mappings.flatMap(mapping => rules(mapping, address, call.containerId))].join(
        '\n',
      ),
    )
    return prevResult
  },
  async del({ containerId }: Invocation) {
    const listed = await nftQuery(['list', 'table', 'ip', 'skiff_hostport'])
    const mine = listed.filter(({ rule }) => rule?.comment === containerId)
    const script = mine.map(({ rule }) => `delete rule ${TABLE} ${rule.chain} handle ${rule.handle}`)
    if (script.length > 0) await nft(script.join('\n')).catch(() => {})
  },
}

const tableScript = (): string[] => [
  `add table ${TABLE}`,
  `add chain ${TABLE} prerouting { type nat hook prerouting priority dstnat; }`,
  `add chain ${TABLE} output { type nat hook output priority dstnat; }`,
  `add chain ${TABLE} postrouting { type nat hook postrouting priority srcnat; }`,
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
    `add rule ${TABLE} postrouting ip saddr ${address} ip daddr ${address} masquerade comment "${id}"`,
  ]
}
