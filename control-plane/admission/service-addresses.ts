import { Address4 } from 'ip-address'
import type { Client, InformerFactory } from '../../api/client/client.ts'
import { services } from '../../api/kinds/core.ts'
import { resourceName } from '../../api/kinds/kind.ts'
import { ipAddresses } from '../../api/kinds/networking.ts'
import type { Service } from '../../api/kinds/types.ts'
import { internalError, invalid, invalidValue } from '../../api/meta/status.ts'
import type { AdmissionAttributes, AdmissionPlugin } from '../../plugins/admission.ts'
import { givesAddress } from '../registry/networking/service-network.ts'
import { ignoreNotFound, take } from './allocation.ts'
import { assignNodePorts, freeNodePorts, heldNodePorts } from './service-node-ports.ts'
import { offsets, type Ranges, serviceRanges } from './service-ranges.ts'

const SERVICE = { group: '', kind: 'Service' }
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
 * Gives Services their ClusterIP and node ports. An address is taken by making its IPAddress object: whoever makes it first
 * has it, with any number of API servers. Addresses and ports of deleted Services are given back.
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

const freeAddress = (client: Client, address: string): Promise<void> =>
  client.delete(ipAddresses, { name: address }).catch(ignoreNotFound)

/** After the write: what the Service no longer has. */
function releaseDropped(
  client: Client,
  attributes: AdmissionAttributes,
  service: Service,
  old: Service | undefined,
): void {
  if (!old || attributes.dryRun) return
  const kept = heldNodePorts(service)
  const dropped = [...heldNodePorts(old)].filter(port => !kept.has(port))
  attributes.onSuccess(() => freeNodePorts(client, dropped))
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
    await freeNodePorts(client, heldNodePorts(old))
  })
}
