import { Address4 } from 'ip-address'
import type { Client } from '../../../api/client/client.ts'
import { endpoints, services } from '../../../api/kinds/core.ts'
import { endpointSlices } from '../../../api/kinds/discovery.ts'
import type { KindDeclaration } from '../../../api/kinds/kind.ts'
import { isEqual } from '../../../api/meta/equal.ts'
import type { ApiObject } from '../../../api/meta/object.ts'
import { isNotFound } from '../../../api/meta/status.ts'

/** Where the API server is found: the addresses of servers and the address of the Service before them. */
export interface KubernetesServiceOptions {
  advertiseAddress: string
  port: number
  serviceCIDR: string
}

const NAME = { name: 'kubernetes', namespace: 'default' }

/** The first address of the service network: the `kubernetes` Service's. */
export function serviceAddress(serviceCIDR: string): string {
  return Address4.fromBigInt(new Address4(serviceCIDR).startAddress().bigInt() + 1n).correctForm()
}

/**
 * Makes the `kubernetes` Service, its Endpoints and its EndpointSlice be as they should; the API server owns them, no
 * controller does. A server that only this machine can reach gets no endpoints.
 */
export async function reconcileKubernetesService(
  client: Client,
  options: KubernetesServiceOptions,
): Promise<void> {
  await ensure(client, services, service(options))
  if (isLoopback(options.advertiseAddress)) return
  await ensure(client, endpoints, endpointsOf(options))
  await ensure(client, endpointSlices, endpointSlice(options))
}

/** No endpoint may be a loopback address: behind it every node finds itself. */
const isLoopback = (address: string) => address === '::1' || address.startsWith('127.')

function service({ port, serviceCIDR }: KubernetesServiceOptions): ApiObject {
  const clusterIP = serviceAddress(serviceCIDR)
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { ...NAME, labels: { component: 'apiserver', provider: 'kubernetes' } },
    spec: {
      type: 'ClusterIP',
      clusterIP,
      clusterIPs: [clusterIP],
      ipFamilies: ['IPv4'],
      ipFamilyPolicy: 'SingleStack',
      sessionAffinity: 'None',
      ports: [{ name: 'https', protocol: 'TCP', port: 443, targetPort: port }],
    },
  }
}

function endpointsOf({ advertiseAddress, port }: KubernetesServiceOptions): ApiObject {
  return {
    apiVersion: 'v1',
    kind: 'Endpoints',
    metadata: { ...NAME, labels: { 'endpointslice.kubernetes.io/skip-mirror': 'true' } },
    subsets: [{ addresses: [{ ip: advertiseAddress }], ports: [{ name: 'https', port, protocol: 'TCP' }] }],
  }
}

function endpointSlice({ advertiseAddress, port }: KubernetesServiceOptions): ApiObject {
  return {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { ...NAME, labels: { 'kubernetes.io/service-name': 'kubernetes' } },
    addressType: 'IPv4',
    endpoints: [{ addresses: [advertiseAddress], conditions: { ready: true } }],
    ports: [{ name: 'https', port, protocol: 'TCP' }],
  }
}

async function ensure(client: Client, kind: KindDeclaration<any>, wanted: ApiObject): Promise<void> {
  let found: ApiObject
  try {
    found = await client.get(kind, NAME)
  } catch (error) {
    if (!isNotFound(error)) throw error
    await client.create(kind, wanted)
    return
  }
  const { metadata, ...content } = wanted
  if (covers(found, { ...content, metadata: { labels: metadata.labels } })) return
  const labels = { ...found.metadata.labels, ...metadata.labels }
  const merged: ApiObject = { ...found, ...content, metadata: { ...found.metadata, labels } }
  if (content.spec) merged.spec = { ...found.spec, ...content.spec }
  await client.update(kind, merged)
}

/** Whether all members of `wanted` are in `found`; defaults the server filled in do not count. */
function covers(found: any, wanted: any): boolean {
  if (typeof wanted !== 'object' || wanted === null) return isEqual(found, wanted)
  if (Array.isArray(wanted)) {
    return found?.length === wanted.length && wanted.every((member, i) => covers(found[i], member))
  }
  return Object.keys(wanted).every(name => covers(found?.[name], wanted[name]))
}
