import type { Informer, InformerFactory } from '../../../../api/client/client.ts'
import { namespaces, pods, services } from '../../../../api/kinds/core.ts'
import { endpointSlices } from '../../../../api/kinds/discovery.ts'
import type { Endpoint, EndpointSlice, Pod, Service } from '../../../../api/kinds/types.ts'
import { indexSlicesByService } from '../../../proxy/endpoint-changes.ts'
import { canonicalAddress } from '../../wire/names.ts'

/** What the plugin knows of the cluster: the informers, with the indexes that names need. */
export interface Directory {
  isSynced(): boolean
  synced(): Promise<void>
  hasNamespace(name: string): boolean
  service(namespace: string, name: string): Service | undefined
  servicesByAddress(address: string): Service[]
  slicesOf(namespace: string, service: string): EndpointSlice[]
  slicesByAddress(address: string): EndpointSlice[]
  /** Only with `watchesPods`. */
  hasPod(namespace: string, address: string): boolean
  /** Unix time of the last change, for the zone's serial number. */
  changedAt(): number
  stop(): void
}

export function createDirectory(informers: InformerFactory, watchesPods: boolean): Directory {
  const serviceInformer = informers.informer(services)
  const sliceInformer = informers.informer(endpointSlices)
  const namespaceInformer = informers.informer(namespaces)
  const podInformer = watchesPods ? informers.informer(pods) : undefined
  const all = [serviceInformer, sliceInformer, namespaceInformer, ...(podInformer ? [podInformer] : [])]
  const slicesOf = indexSlicesByService(sliceInformer)
  serviceInformer.addIndex('address', addressesOfService)
  sliceInformer.addIndex('address', addressesOfSlice)
  podInformer?.addIndex('address', addressesOfPod)
  const { changedAt, stop } = followChanges([serviceInformer, sliceInformer])
  return {
    synced: async () => void (await Promise.all(all.map(informer => informer.synced()))),
    isSynced: () => all.every(({ hasSynced }) => hasSynced),
    hasNamespace: name => namespaceInformer.get(name) !== undefined,
    service: (namespace, name) => serviceInformer.get(`${namespace}/${name}`),
    servicesByAddress: address => serviceInformer.byIndex('address', address),
    slicesOf: (namespace, service) => slicesOf(`${namespace}/${service}`),
    slicesByAddress: address => sliceInformer.byIndex('address', address),
    hasPod: (namespace, address) =>
      podInformer?.byIndex('address', address).some(pod => pod.metadata.namespace === namespace) ?? false,
    changedAt,
    stop,
  }
}

function followChanges(followed: Informer<any>[]): { changedAt(): number; stop(): void } {
  let changedAt = Math.floor(Date.now() / 1000)
  const note = (): void => {
    changedAt = Math.floor(Date.now() / 1000)
  }
  const handlers = followed.map(informer =>
    informer.addHandler({ added: note, updated: note, deleted: note }),
  )
  return {
    changedAt: () => changedAt,
    stop() {
      for (const remove of handlers) remove()
    },
  }
}

/** External addresses are not the cluster's to name. */
const addressesOfService = ({ spec }: Service): string[] =>
  (spec.clusterIPs ?? [spec.clusterIP ?? '']).filter(address => /[.:]/.test(address)).map(canonicalAddress)

const addressesOfSlice = (slice: EndpointSlice): string[] =>
  (slice.endpoints ?? []).filter(isReady).flatMap(({ addresses }) => addresses.map(canonicalAddress))

const addressesOfPod = ({ status }: Pod): string[] =>
  (status?.podIPs ?? []).map(({ ip }) => canonicalAddress(ip ?? ''))

/** Unknown counts as ready. */
export const isReady = ({ conditions }: Endpoint): boolean => conditions?.ready ?? true
