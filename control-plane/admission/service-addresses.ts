import { randomInt } from 'node:crypto'
import { Address4 } from 'ip-address'
import type { Client, InformerFactory } from '../../api/client/client.ts'
import { configMaps, services } from '../../api/kinds/core.ts'
import { resourceName } from '../../api/kinds/kind.ts'
import { ipAddresses } from '../../api/kinds/networking.ts'
import type { Service } from '../../api/kinds/types.ts'
import { internalError, invalid, invalidValue, isAlreadyExists, isNotFound } from '../../api/meta/status.ts'
import type { AdmissionAttributes, AdmissionPlugin } from '../../plugins/admission.ts'
import { givesAddress } from '../registry/networking/service-network.ts'
import { needsHealthCheck } from '../registry/service/validate.ts'
import { offsets, type Ranges, serviceRanges } from './service-ranges.ts'

const SERVICE = { group: '', kind: 'Service' }
const FIRST_NODE_PORT = 30_000
const LAST_NODE_PORT = 32_767
const OUT_OF_RANGE = `provided port is not in the valid range. The range of valid ports is ${FIRST_NODE_PORT}-${LAST_NODE_PORT}`
const PORT_LOCKS = 'kube-system'
const MOST_TRIES = 64
const MANAGED = {
  'ipaddress.kubernetes.io/ip-family': 'IPv4',
  'ipaddress.kubernetes.io/managed-by': 'ipallocator.k8s.io',
}

interface Options {
  client: Client
  informers: InformerFactory
  serviceCIDR: string
}

/**
 * Gives Services their ClusterIP and node ports. An address is taken by making its IPAddress object, a node port by making
 * a ConfigMap of its number: whoever makes it first has it, with any number of API servers. Addresses and ports of deleted
 * Services are given back.
 */
export function serviceAddresses({ client, informers, serviceCIDR }: Options): AdmissionPlugin {
  const ranges = serviceRanges(informers, serviceCIDR)
  return {
    name: 'ServiceAddresses',
    handles: ({ kind, subresource }) => resourceName(kind) === 'services' && subresource === '',
    async mutate(attributes) {
      const service = attributes.object as Service | undefined
      const old = attributes.oldObject as Service | undefined
      if (attributes.operation === 'DELETE') return releaseAll(client, attributes, old)
      if (!service) return
      await assignClusterIP(client, ranges, attributes, service, old)
      await assignNodePorts(client, attributes, service, old)
      await assignHealthCheckPort(client, attributes, service, old)
      if (attributes.operation === 'UPDATE') releaseDropped(client, attributes, service, old)
    },
  }
}

const hasAddress = ({ spec }: Service): boolean =>
  spec.type !== 'ExternalName' && Boolean(spec.clusterIP) && spec.clusterIP !== 'None'

async function assignClusterIP(
  client: Client,
  ranges: Ranges,
  attributes: AdmissionAttributes,
  service: Service,
  old: Service | undefined,
): Promise<void> {
  const { spec } = service
  if (spec.type === 'ExternalName' || spec.clusterIP === 'None') return
  if (old && hasAddress(old) && old.spec.clusterIP === spec.clusterIP) return
  const wanted = spec.clusterIP || spec.clusterIPs?.[0]
  const address = wanted
    ? await takeWanted(client, ranges, attributes, service, wanted)
    : await takeAny(client, ranges, attributes, service)
  spec.clusterIP = address
  spec.clusterIPs = [address]
}

async function takeWanted(
  client: Client,
  ranges: Ranges,
  attributes: AdmissionAttributes,
  service: Service,
  address: string,
): Promise<string> {
  const refuse = (why: string): Error =>
    invalid(SERVICE, service.metadata.name, [invalidValue('spec.clusterIPs', [address], why)])
  if (!Address4.isValid(address))
    throw refuse('must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)')
  const ip = new Address4(address)
  if (!ranges().some(range => givesAddress(range, ip))) {
    throw refuse(`failed to allocate IP ${address}: the provided network does not match the current range`)
  }
  if (await takeAddress(client, attributes, service, address)) return address
  throw refuse(`failed to allocate IP ${address}: provided IP is already allocated`)
}

async function takeAny(
  client: Client,
  ranges: Ranges,
  attributes: AdmissionAttributes,
  service: Service,
): Promise<string> {
  for (const range of ranges()) {
    const first = range.startAddress().bigInt()
    for (const offset of offsets(range)) {
      const address = Address4.fromBigInt(first + BigInt(offset)).address
      if (await takeAddress(client, attributes, service, address)) return address
    }
  }
  throw internalError('failed to allocate a serviceIP: range is full')
}

async function takeAddress(
  client: Client,
  attributes: AdmissionAttributes,
  { metadata }: Service,
  address: string,
): Promise<boolean> {
  if (attributes.dryRun) return true
  const parentRef = { group: '', resource: 'services', namespace: metadata.namespace, name: metadata.name }
  const object = {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'IPAddress',
    metadata: { name: address, labels: MANAGED },
    spec: { parentRef },
  }
  const taken = await take(() => client.create(ipAddresses, object as never))
  if (taken) attributes.onFailure(() => freeAddress(client, address))
  return taken
}

async function take(create: () => Promise<unknown>): Promise<boolean> {
  try {
    await create()
    return true
  } catch (error) {
    if (isAlreadyExists(error)) return false
    throw error
  }
}

const freeAddress = (client: Client, address: string): Promise<void> =>
  client.delete(ipAddresses, { name: address }).catch(ignoreNotFound)

function ignoreNotFound(error: unknown): void {
  if (!isNotFound(error)) throw error
}

const isNodePort = (port: number): boolean => port >= FIRST_NODE_PORT && port <= LAST_NODE_PORT

const wantsNodePorts = ({ spec }: Service): boolean =>
  spec.type === 'NodePort' || (spec.type === 'LoadBalancer' && spec.allocateLoadBalancerNodePorts !== false)

async function assignNodePorts(
  client: Client,
  attributes: AdmissionAttributes,
  service: Service,
  old: Service | undefined,
): Promise<void> {
  const held = new Set((old?.spec.ports ?? []).map(({ nodePort }) => nodePort))
  for (const [i, port] of (service.spec.ports ?? []).entries()) {
    if (port.nodePort && held.has(port.nodePort)) continue
    if (port.nodePort)
      await takeWantedPort(client, attributes, service, port.nodePort, `spec.ports[${i}].nodePort`)
    else if (wantsNodePorts(service)) port.nodePort = await takeAnyPort(client, attributes, service)
  }
}

/** A load balancer that sends to nodes with endpoints alone asks them at a port of the Service's own. */
async function assignHealthCheckPort(
  client: Client,
  attributes: AdmissionAttributes,
  service: Service,
  old: Service | undefined,
): Promise<void> {
  const { spec } = service
  if (!needsHealthCheck(spec)) return
  const held = old && needsHealthCheck(old.spec) ? old.spec.healthCheckNodePort : undefined
  const wanted = spec.healthCheckNodePort
  if (wanted && wanted === held) return
  if (wanted) await takeHealthCheckPort(client, attributes, service, wanted)
  else spec.healthCheckNodePort = held ?? (await takeAnyPort(client, attributes, service))
}

/** @throws StatusError 500 for a port that cannot be had (as upstream) */
async function takeHealthCheckPort(
  client: Client,
  attributes: AdmissionAttributes,
  service: Service,
  port: number,
): Promise<void> {
  const why = isNodePort(port)
    ? !(await takePort(client, attributes, service, port)) && 'provided port is already allocated'
    : OUT_OF_RANGE
  if (why) throw internalError(`failed to allocate requested HealthCheck NodePort ${port}: ${why}`)
}

/** All that a Service has taken of the nodes. */
const portsOf = ({ spec }: Service): number[] =>
  [...(spec.ports ?? []).map(({ nodePort }) => nodePort), spec.healthCheckNodePort].filter(
    port => port !== undefined && port > 0,
  ) as number[]

async function takeWantedPort(
  client: Client,
  attributes: AdmissionAttributes,
  service: Service,
  port: number,
  path: string,
): Promise<void> {
  const refuse = (why: string): Error =>
    invalid(SERVICE, service.metadata.name, [invalidValue(path, port, why)])
  if (!isNodePort(port)) throw refuse(OUT_OF_RANGE)
  if (!(await takePort(client, attributes, service, port))) throw refuse('provided port is already allocated')
}

async function takeAnyPort(
  client: Client,
  attributes: AdmissionAttributes,
  service: Service,
): Promise<number> {
  for (let tries = 0; tries < MOST_TRIES; tries++) {
    const port = randomInt(FIRST_NODE_PORT, LAST_NODE_PORT + 1)
    if (await takePort(client, attributes, service, port)) return port
  }
  throw internalError('failed to allocate a nodePort: range is full')
}

const portLock = (port: number): string => `node-port-${port}`

async function takePort(
  client: Client,
  attributes: AdmissionAttributes,
  { metadata }: Service,
  port: number,
): Promise<boolean> {
  if (attributes.dryRun) return true
  const object = {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: {
      name: portLock(port),
      namespace: PORT_LOCKS,
      labels: { 'skiff.dev/node-port': String(port) },
    },
    data: { service: `${metadata.namespace}/${metadata.name}` },
  }
  const taken = await take(() => client.create(configMaps, object as never))
  if (taken) attributes.onFailure(() => freePort(client, port))
  return taken
}

const freePort = (client: Client, port: number): Promise<void> =>
  client.delete(configMaps, { name: portLock(port), namespace: PORT_LOCKS }).catch(ignoreNotFound)

/** After the write: what the Service no longer has. */
function releaseDropped(
  client: Client,
  attributes: AdmissionAttributes,
  service: Service,
  old: Service | undefined,
): void {
  if (!old || attributes.dryRun) return
  const kept = new Set(portsOf(service))
  for (const port of portsOf(old)) {
    if (!kept.has(port)) attributes.onSuccess(() => freePort(client, port))
  }
  if (hasAddress(old) && old.spec.clusterIP !== service.spec.clusterIP) {
    attributes.onSuccess(() => freeAddress(client, old.spec.clusterIP!))
  }
}

function releaseAll(client: Client, attributes: AdmissionAttributes, old: Service | undefined): void {
  if (!old || attributes.dryRun) return
  const { name, namespace, uid } = old.metadata
  attributes.onSuccess(async () => {
    const there = await client.get(services, { name, namespace }).catch(ignoreNotFound)
    if (there && there.metadata.uid === uid) return
    if (hasAddress(old)) await freeAddress(client, old.spec.clusterIP!)
    for (const port of portsOf(old)) await freePort(client, port)
  })
}
