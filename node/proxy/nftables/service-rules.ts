import type { EndpointModel, ProxyNode, ServicePortModel } from '../../../plugins/proxy.ts'
import { familyOf } from '../service-changes.ts'
import { type FamilyWords, WORDS } from './base-table.ts'
import { endpointLabel, serviceLabel } from './names.ts'

/** An entry of one of the table's sets or maps; `value` is the verdict of a map's entry, '' for a set's. */
export interface Element {
  set: string
  key: string
  value: string
}

/** All that is in the table because of one Service port. */
export interface ServiceRules {
  /** Rules by chain. */
  chains: Map<string, string[]>
  elements: Element[]
  /** Definitions of sets by name. Their contents are the kernel's. */
  sets: Map<string, string>
}

/** What the functions below write into and read from. */
interface Rendering extends ServiceRules {
  model: ServicePortModel
  words: FamilyWords
  label: string
  /** CIDRs of Pods in the model's family. */
  podCIDRs: string[]
}

/** The rules of one Service port, as data. */
export function renderService(model: ServicePortModel, node: ProxyNode): ServiceRules {
  const rendering: Rendering = {
    chains: new Map(),
    elements: [],
    sets: new Map(),
    model,
    words: WORDS[model.family],
    label: serviceLabel(model),
    podCIDRs: node.clusterCIDRs.filter(cidr => familyOf(cidr.split('/')[0]!) === model.family),
  }
  renderBalancing(rendering)
  renderInternal(rendering)
  if (isExternal(model)) renderExternal(rendering)
  renderFirewall(rendering)
  renderHairpin(rendering)
  const { chains, elements, sets } = rendering
  return { chains, elements, sets }
}

const isExternal = ({ nodePort, externalIPs, loadBalancerIPs }: ServicePortModel): boolean =>
  nodePort !== undefined || externalIPs.length > 0 || loadBalancerIPs.length > 0

const addressKey = ({ model }: Rendering, address: string): string =>
  `${address} . ${model.protocol.toLowerCase()} . ${model.port}`

/** `service-…` sends to any endpoint, `local-…` to those of the node. */
function renderBalancing(rendering: Rendering): void {
  const { model, chains, label } = rendering
  const { clusterEndpoints, localEndpoints } = model
  if (clusterEndpoints.length > 0) chains.set(`service-${label}`, balance(rendering, clusterEndpoints))
  if (localEndpoints.length > 0) chains.set(`local-${label}`, balance(rendering, localEndpoints))
}

function balance(rendering: Rendering, endpoints: EndpointModel[]): string[] {
  const { model, words } = rendering
  if (model.affinityTimeout !== undefined) return balanceWithAffinity(rendering, endpoints)
  const protocol = `meta l4proto ${model.protocol.toLowerCase()}`
  // A packet that is in this chain while a transaction replaces it no longer finds the old map's entries: without this
  // last rule it would go on to the VIP itself and be refused.
  const always = `${protocol} dnat to ${target(endpoints[0]!)}`
  if (endpoints.length === 1) return [always]
  const targets = endpoints.map(({ address, port }, i) => `${i} : ${address} . ${port}`)
  return [
    `${protocol} dnat ${words.ip} to numgen random mod ${targets.length} map { ${targets.join(', ')} }`,
    always,
  ]
}

/** Each endpoint remembers its clients; a client that nobody remembers is given one at random. */
function balanceWithAffinity(rendering: Rendering, endpoints: EndpointModel[]): string[] {
  const { model, words, sets, chains } = rendering
  const labels = endpoints.map(endpoint => endpointLabel(model, endpoint))
  endpoints.forEach((endpoint, i) => {
    const set = `affinity-${labels[i]}`
    const timeout = `flags dynamic,timeout; timeout ${model.affinityTimeout}s;`
    sets.set(set, `{ type ${words.addressType}; ${timeout} }`)
    chains.set(`endpoint-${labels[i]}`, [
      `update @${set} { ${words.ip} saddr }`,
      `meta l4proto ${model.protocol.toLowerCase()} dnat to ${target(endpoint)}`,
    ])
  })
  const targets = labels.map((label, i) => `${i} : goto endpoint-${label}`)
  return [
    ...labels.map(label => `${words.ip} saddr @affinity-${label} goto endpoint-${label}`),
    `numgen random mod ${targets.length} vmap { ${targets.join(', ')} }`,
  ]
}

const target = ({ address, port }: EndpointModel): string =>
  familyOf(address) === 'IPv6' ? `[${address}]:${port}` : `${address}:${port}`

function renderInternal(rendering: Rendering): void {
  const { model, chains, elements, label } = rendering
  const endpoints = model.internalLocal ? model.localEndpoints : model.clusterEndpoints
  const key = addressKey(rendering, model.clusterIP)
  elements.push({ set: 'cluster-ips', key: model.clusterIP, value: '' })
  if (endpoints.length === 0) {
    elements.push({ set: 'no-endpoint-services', key, value: refusal(model) })
    return
  }
  const chain = `${model.internalLocal ? 'local' : 'service'}-${label}`
  chains.get(chain)!.unshift(...masqueradeOutsiders(rendering))
  elements.push({ set: 'service-ips', key, value: `goto ${chain}` })
}

/** Who is no Pod may have an address that Pods have no way back to. */
function masqueradeOutsiders({ model, words, podCIDRs }: Rendering): string[] {
  if (podCIDRs.length === 0) return []
  const outsiders = `${words.ip} saddr != { ${podCIDRs.join(', ')} }`
  return [`${words.ip} daddr ${model.clusterIP} ${outsiders} jump mark-for-masquerade`]
}

const refusal = ({ hasEndpoints }: ServicePortModel): string => (hasEndpoints ? 'drop' : 'goto reject-chain')

function renderExternal(rendering: Rendering): void {
  const { model, chains, label } = rendering
  const endpoints = model.externalLocal ? model.localEndpoints : model.clusterEndpoints
  if (model.hasEndpoints) {
    chains.set(`external-${label}`, externalRules(rendering))
    addExternalKeys(rendering, 'service-ips', 'service-nodeports', `goto external-${label}`)
  }
  if (endpoints.length === 0) {
    addExternalKeys(rendering, 'no-endpoint-services', 'no-endpoint-nodeports', refusal(model))
  }
}

function addExternalKeys(rendering: Rendering, ips: string, nodePorts: string, value: string): void {
  const { model, elements } = rendering
  for (const address of new Set([...model.externalIPs, ...model.loadBalancerIPs])) {
    elements.push({ set: ips, key: addressKey(rendering, address), value })
  }
  if (model.nodePort === undefined) return
  elements.push({ set: nodePorts, key: `${model.protocol.toLowerCase()} . ${model.nodePort}`, value })
}

/** Under policy Local only traffic from outside is bound to the node: Pods and the node itself may go anywhere. */
function externalRules({ model, words, podCIDRs, label }: Rendering): string[] {
  const anywhere = model.clusterEndpoints.length > 0
  if (!model.externalLocal) return anywhere ? ['jump mark-for-masquerade', `goto service-${label}`] : []
  const rules: string[] = []
  if (anywhere && podCIDRs.length > 0) {
    rules.push(`${words.ip} saddr { ${podCIDRs.join(', ')} } goto service-${label}`)
  }
  if (anywhere) {
    rules.push('fib saddr type local jump mark-for-masquerade')
    rules.push(`fib saddr type local goto service-${label}`)
  }
  if (model.localEndpoints.length > 0) rules.push(`goto local-${label}`)
  return rules
}

function renderFirewall(rendering: Rendering): void {
  const { model, words, chains, elements, label } = rendering
  const ranges = model.loadBalancerSourceRanges
  if (ranges.length === 0 || model.loadBalancerIPs.length === 0) return
  chains.set(`firewall-${label}`, [`${words.ip} saddr != { ${ranges.join(', ')} } drop`])
  for (const address of model.loadBalancerIPs) {
    const key = addressKey(rendering, address)
    elements.push({ set: 'firewall-ips', key, value: `goto firewall-${label}` })
  }
}

/** A Pod that reaches itself through its Service would answer itself directly, unless the node stands in between. */
function renderHairpin({ model, elements }: Rendering): void {
  for (const { address, isLocal } of [...model.clusterEndpoints, ...model.localEndpoints]) {
    if (isLocal) elements.push({ set: 'hairpin', key: `${address} . ${address}`, value: '' })
  }
}
