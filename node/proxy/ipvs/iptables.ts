import { spawn } from 'node:child_process'
import type { AddressFamily, ProxyNode } from '../../../plugins/proxy.ts'
import { familyOf } from '../service-changes.ts'
import type { WantedServer } from './virtual-servers.ts'

/** IPVS translates destinations only: who is masqueraded, and who is kept out, are rules of two chains of our own. */
const NAT_CHAIN = 'SKIFF-IPVS'
const FILTER_CHAIN = 'SKIFF-IPVS-FIREWALL'
const PROGRAMS = { IPv4: '/usr/sbin/iptables-legacy', IPv6: '/usr/sbin/ip6tables-legacy' }
const DEADLINE = 30_000

/** iptables refused rules. */
export class IptablesError extends Error {
  readonly code = 'IPTABLES_FAILED'
}

/** Replaces the contents of our chains; each table in one step. Other chains only have the jump to ours. */
export async function applyRules(
  family: AddressFamily,
  servers: WantedServer[],
  node: ProxyNode,
): Promise<void> {
  const own = servers.filter(({ address }) => familyOf(address) === family)
  const text = [
    '*nat',
    `:${NAT_CHAIN} - [0:0]`,
    ...natRules(family, own, node).map(rule => `-A ${NAT_CHAIN} ${rule}`),
    'COMMIT',
    '*filter',
    `:${FILTER_CHAIN} - [0:0]`,
    ...filterRules(own).map(rule => `-A ${FILTER_CHAIN} ${rule}`),
    'COMMIT',
    '',
  ].join('\n')
  await execute(`${PROGRAMS[family]}-restore`, ['--noflush', '-w'], text)
  await jump(family, 'nat', 'POSTROUTING', NAT_CHAIN)
  await jump(family, 'filter', 'INPUT', FILTER_CHAIN)
}

function natRules(family: AddressFamily, servers: WantedServer[], { clusterCIDRs }: ProxyNode): string[] {
  const local = servers.flatMap(({ endpoints }) => endpoints.filter(({ isLocal }) => isLocal))
  const hairpins = [...new Set(local.map(({ address }) => address))]
  const kept = servers.filter(({ keepsSource }) => keepsSource)
  const cidrs = clusterCIDRs.filter(cidr => familyOf(cidr.split('/')[0]!) === family)
  return [
    ...hairpins.map(address => `-m ipvs --ipvs -s ${address} -d ${address} -j MASQUERADE`),
    ...kept.map(({ address, port, protocol }) => {
      const number = { TCP: 6, UDP: 17, SCTP: 132 }[protocol]
      return `-m ipvs --vproto ${number} --vaddr ${address} --vport ${port} -j RETURN`
    }),
    ...cidrs.map(cidr => `-s ${cidr} -j RETURN`),
    ...(cidrs.length > 0 ? ['-m ipvs --ipvs --vdir ORIGINAL -j MASQUERADE'] : []),
  ]
}

function filterRules(servers: WantedServer[]): string[] {
  return servers
    .filter(({ sourceRanges }) => sourceRanges.length > 0)
    .flatMap(({ address, port, protocol, sourceRanges }) => {
      const place = `-d ${address} -p ${protocol.toLowerCase()} --dport ${port}`
      return [...sourceRanges.map(range => `${place} -s ${range} -j RETURN`), `${place} -j DROP`]
    })
}

async function jump(family: AddressFamily, table: string, from: string, to: string): Promise<void> {
  const rule = [from, '-j', to]
  const isThere = await execute(PROGRAMS[family], ['-w', '-t', table, '-C', ...rule]).then(
    () => true,
    () => false,
  )
  if (!isThere) await execute(PROGRAMS[family], ['-w', '-t', table, '-I', ...rule])
}

/** Takes our chains and the jumps to them back; nothing there is nothing to do. */
export async function removeRules(family: AddressFamily): Promise<void> {
  const places = [
    ['nat', 'POSTROUTING', NAT_CHAIN],
    ['filter', 'INPUT', FILTER_CHAIN],
  ] as const
  for (const [table, from, chain] of places) {
    for (const args of [
      ['-D', from, '-j', chain],
      ['-F', chain],
      ['-X', chain],
    ]) {
      await execute(PROGRAMS[family], ['-w', '-t', table, ...args]).catch(() => {})
    }
  }
}

function execute(program: string, args: string[], input = ''): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { timeout: DEADLINE, stdio: ['pipe', 'ignore', 'pipe'] })
    let error = ''
    child.stderr.setEncoding('utf8').on('data', text => {
      error += text
    })
    child.on('error', cause =>
      reject(new IptablesError(`cannot run ${program}: ${cause.message}`, { cause })),
    )
    child.on('close', code =>
      code === 0 ? resolve() : reject(new IptablesError(`${program}: ${error.trim()}`)),
    )
    child.stdin.on('error', () => {})
    child.stdin.end(input)
  })
}
