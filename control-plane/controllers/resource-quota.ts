import { isDeepStrictEqual } from 'node:util'
import type { Controller } from '../../api/client/controller.ts'
import { builtinKinds } from '../../api/kinds/builtin.ts'
import { persistentVolumeClaims, pods, resourceQuotas, services } from '../../api/kinds/core.ts'
import { type KindDeclaration, resourceName } from '../../api/kinds/kind.ts'
import { type ApiObject, objectKey } from '../../api/meta/object.ts'
import { addQuantity, formatQuantity, parseQuantity } from '../../api/meta/quantity.ts'
import { attributesClasses, isInScope } from '../quota/scopes.ts'
import { usageOf } from '../quota/usage.ts'
import type { ControllerContext } from './context.ts'
import { discoverKinds } from './discovered-kinds.ts'

/** Kinds of which more is measured than their number. */
const MEASURED = [pods, services, persistentVolumeClaims].map(resourceName)
const NAMESPACE = 'namespace'
const COUNT = 'count/'
/** Caches have caught up with what admission noted by then. Milliseconds. */
const RECHECK = 5_000

/** Of the others their number is enough, and so are their metadata. Events come and go too fast to be counted. */
const isCounted = ({ kind, namespaced, stored, storedAs, verbs }: KindDeclaration<any>): boolean =>
  namespaced && stored !== false && !storedAs && !verbs && kind !== 'Event'

const scopeOf = (kind: KindDeclaration<any>): { metadataOnly?: boolean } =>
  MEASURED.includes(resourceName(kind)) ? {} : { metadataOnly: true }

/** An update that only notes what was taken. */
const isNoted = (quota: ApiObject, old: ApiObject | undefined): boolean =>
  old !== undefined && isDeepStrictEqual(quota.spec, old.spec)

/** Measures what there is in a namespace against its quotas, whatever admission has noted. */
export function resourceQuotaController({ client, informers }: ControllerContext): Controller {
  const cache = informers.informer(resourceQuotas)
  const kinds = builtinKinds.filter(isCounted)
  const caches = new Map(kinds.map(kind => [resourceName(kind), informers.informer(kind, scopeOf(kind))]))
  for (const each of caches.values()) each.addIndex(NAMESPACE, ({ metadata }) => [metadata.namespace ?? ''])
  return {
    name: 'resource-quota',
    watches: [
      { kind: resourceQuotas, keys: (quota, old) => (isNoted(quota, old) ? [] : [objectKey(quota)]) },
      ...kinds.map(kind => ({
        kind,
        scope: scopeOf(kind),
        keys: (object: ApiObject, old?: ApiObject) => quotasBeside(resourceName(kind), object, old),
      })),
    ],
    async reconcile(key) {
      const quota = cache.get(key)
      if (!quota || quota.metadata.deletionTimestamp) return
      const hard: Record<string, string> = quota.spec.hard ?? {}
      const others = Object.keys(hard).flatMap(name => otherType(name) ?? [])
      const status = {
        hard,
        used: { ...measure(quota, Object.keys(hard)), ...(await countOthers(quota, others)) },
      }
      const { hard: oldHard, used: oldUsed } = quota.status ?? {}
      if (!isDeepStrictEqual(status, { hard: oldHard ?? {}, used: oldUsed })) {
        await client.update(resourceQuotas, { ...quota, status } as ApiObject, { subresource: 'status' })
      } else if (others.length === 0) return
      return { requeueAfter: RECHECK }
    },
  }

  /** The kind that is counted under a name, where it is none of the built-in ones: `things.example.com`. */
  function otherType(name: string): string | undefined {
    const type = name.startsWith(COUNT) ? name.slice(COUNT.length) : ''
    return type.includes('.') && !caches.has(type) ? type : undefined
  }

  /** Custom resources, and those of other servers, are not followed: they are counted now and then. */
  async function countOthers(
    { metadata }: ApiObject,
    types: readonly string[],
  ): Promise<Record<string, string>> {
    if (types.length === 0) return {}
    const served = (await discoverKinds(client, () => {})).filter(kind => types.includes(resourceName(kind)))
    const counts = served.map(async kind => {
      const { items, metadata: list } = await client.list(kind, { namespace: metadata.namespace, limit: 1 })
      return [COUNT + resourceName(kind), String(items.length + (list.remainingItemCount ?? 0))]
    })
    return Object.fromEntries(await Promise.all(counts))
  }

  /**
   * Quotas of an object's namespace, where the object has gone or takes another part of them than before. What is new was
   * noted by admission, and is not measured at once: the note may be ahead of what the caches show.
   */
  function quotasBeside(type: string, object: ApiObject, old: ApiObject | undefined): string[] {
    if (!old && caches.get(type)!.get(objectKey(object))) return []
    if (old && (!MEASURED.includes(type) || isSameUse(type, object, old))) return []
    const { namespace } = object.metadata
    return cache.list().flatMap(quota => (quota.metadata.namespace === namespace ? objectKey(quota) : []))
  }

  function measure(quota: ApiObject, names: readonly string[]): Record<string, string> {
    const used = new Map(names.map(name => [name, parseQuantity('0')]))
    for (const type of typesIn(names)) {
      for (const object of caches.get(type)?.byIndex(NAMESPACE, quota.metadata.namespace!) ?? []) {
        if (!isInScope(quota, type, object)) continue
        for (const [name, amount] of Object.entries(usageOf(type, object, Date.now()))) {
          const sum = used.get(name)
          if (sum) used.set(name, addQuantity(sum, amount))
        }
      }
    }
    return Object.fromEntries([...used].map(([name, amount]) => [name, formatQuantity(amount)]))
  }
}

/** The kinds a quota speaks of: Pods and the like always, others where they are counted. */
function typesIn(names: readonly string[]): Set<string> {
  return new Set([
    ...MEASURED,
    ...names.map(name => (name.startsWith(COUNT) ? name.slice(COUNT.length) : name)),
  ])
}

function isSameUse(type: string, object: ApiObject, old: ApiObject): boolean {
  const time = Date.now()
  const isGoing = ({ metadata }: ApiObject): boolean => metadata.deletionTimestamp !== undefined
  return (
    isGoing(object) === isGoing(old) &&
    isDeepStrictEqual(usageOf(type, object, time), usageOf(type, old, time)) &&
    (type !== 'persistentvolumeclaims' ||
      isDeepStrictEqual(attributesClasses(object as never), attributesClasses(old as never)))
  )
}
