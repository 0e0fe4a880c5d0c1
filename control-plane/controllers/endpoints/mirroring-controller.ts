import { isDeepStrictEqual } from 'node:util'
import type { Controller } from '../../../api/client/controller.ts'
import { endpoints, services } from '../../../api/kinds/core.ts'
import { endpointSlices } from '../../../api/kinds/discovery.ts'
import type { EndpointSlice, Endpoints, Service } from '../../../api/kinds/types.ts'
import { isNotFound } from '../../../api/meta/status.ts'
import type { ControllerContext } from '../context.ts'
import { controllerRef } from '../owner.ts'
import { type MirroredSlice, mirrorSubsets, sliceKey } from './mirrored-slices.ts'
import { createOwnWrites } from './own-writes.ts'

const SERVICE_NAME = 'kubernetes.io/service-name'
const MANAGED_BY = 'endpointslice.kubernetes.io/managed-by'
const MANAGER = 'endpointslicemirroring-controller.k8s.io'
const SKIP = 'endpointslice.kubernetes.io/skip-mirror'
const LEADER = 'control-plane.alpha.kubernetes.io/leader'
const NOT_MIRRORED = new Set([
  'endpoints.kubernetes.io/last-change-trigger-time',
  'kubectl.kubernetes.io/last-applied-configuration',
])
const INDEX = 'mirrored'

/** Key of the Endpoints object a slice of ours mirrors. */
function endpointsKeys({ metadata }: EndpointSlice): string[] {
  const { [SERVICE_NAME]: name, [MANAGED_BY]: manager } = metadata.labels ?? {}
  return manager === MANAGER ? [`${metadata.namespace}/${name}`] : []
}

/** Mirrors Endpoints that somebody writes for a Service without a selector to EndpointSlices: those are what is read. */
export function endpointSliceMirroringController({ client, informers }: ControllerContext): Controller {
  const serviceCache = informers.informer(services)
  const cache = informers.informer(endpoints)
  const sliceCache = informers.informer(endpointSlices)
  const ownWrites = createOwnWrites(sliceCache)
  sliceCache.addIndex(INDEX, endpointsKeys)
  return {
    name: 'endpointslicemirroring',
    watches: [{ kind: services }, { kind: endpoints }, { kind: endpointSlices, keys: endpointsKeys }],
    async reconcile(key) {
      const object = cache.get(key)
      const there = ownWrites.latest(sliceCache.byIndex(INDEX, key), slice =>
        endpointsKeys(slice).includes(key),
      )
      if (!object || !isMirrored(object, serviceCache.get(key))) return remove(there)
      if (object.metadata.deletionTimestamp) return
      await remove(await write(object, mirrorSubsets(object.subsets ?? []), there))
    },
  }

  /** Returns the slices that there is no use for any more. */
  async function write(
    object: Endpoints,
    wanted: readonly MirroredSlice[],
    there: readonly EndpointSlice[],
  ): Promise<EndpointSlice[]> {
    const left = new Set(there)
    const take = (isWanted: (slice: EndpointSlice) => boolean): EndpointSlice | undefined => {
      const slice = [...left].find(isWanted)
      if (slice) left.delete(slice)
      return slice
    }
    const kept = wanted.map(one => ({ one, slice: take(slice => sliceKey(slice) === sliceKey(one)) }))
    for (const { one, slice } of kept) {
      await writeOne(object, one, slice ?? take(({ addressType }) => addressType === one.addressType))
    }
    return [...left]
  }

  async function writeOne(
    object: Endpoints,
    { addressType, ports, endpoints }: MirroredSlice,
    slice: EndpointSlice | undefined,
  ): Promise<void> {
    const metadata = metadataOf(object)
    if (!slice) {
      const generateName = `${object.metadata.name}-`
      const named = { generateName, namespace: object.metadata.namespace!, ...metadata }
      const made = { apiVersion: 'discovery.k8s.io/v1', kind: 'EndpointSlice', metadata: named }
      return ownWrites.wrote(
        await client.create(endpointSlices, { ...made, addressType, ports, endpoints } as never),
      )
    }
    const { annotations: _, ...identity } = slice.metadata
    const next = { ...slice, metadata: { ...identity, ...metadata }, ports, endpoints } as EndpointSlice
    if (!isDeepStrictEqual(next, slice)) ownWrites.wrote(await client.update(endpointSlices, next))
  }

  async function remove(slices: readonly EndpointSlice[]): Promise<void> {
    for (const slice of slices) {
      await client.delete(endpointSlices, slice.metadata).catch(error => {
        if (!isNotFound(error)) throw error
      })
      ownWrites.removed(slice)
    }
  }
}

/** Endpoints of a Service with a selector have slices of their own; those of no Service are read by nobody. */
function isMirrored({ metadata }: Endpoints, service: Service | undefined): boolean {
  const isAsked = metadata.labels?.[SKIP] !== 'true' && metadata.annotations?.[LEADER] === undefined
  return isAsked && service !== undefined && Object.keys(service.spec.selector ?? {}).length === 0
}

function metadataOf({ metadata }: Endpoints): object {
  const annotations = Object.entries(metadata.annotations ?? {}).filter(([name]) => !NOT_MIRRORED.has(name))
  return {
    labels: { ...metadata.labels, [SERVICE_NAME]: metadata.name, [MANAGED_BY]: MANAGER },
    ...(annotations.length > 0 && { annotations: Object.fromEntries(annotations) }),
    ownerReferences: [controllerRef(endpoints, { metadata })],
  }
}
