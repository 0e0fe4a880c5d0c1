import type { Client, InformerFactory } from '../../api/client/client.ts'
import { resourceQuotas } from '../../api/kinds/core.ts'
import { type KindDeclaration, resourceName } from '../../api/kinds/kind.ts'
import type { Pod } from '../../api/kinds/types.ts'
import type { ApiObject } from '../../api/meta/object.ts'
import {
  addQuantity,
  compareQuantity,
  formatQuantity,
  parseQuantity,
  type Quantity,
  subtractQuantity,
} from '../../api/meta/quantity.ts'
import { forbidden, isConflict, isNotFound } from '../../api/meta/status.ts'
import type { AdmissionAttributes, AdmissionPlugin } from '../../plugins/admission.ts'
import { boundsOf } from '../quota/bounds.ts'
import { missingAmounts } from '../quota/constraints.ts'
import type { Amounts } from '../quota/pod-resources.ts'
import { isInScope } from '../quota/scopes.ts'
import { usageOf } from '../quota/usage.ts'
import { checkLimited, type LimitedResource } from './limited-resources.ts'

const ZERO = parseQuantity('0')
const TRIES = 10
const NAMESPACE = 'namespace'

/** Updates of these may take more of a quota than before. */
const CHANGING: Record<string, readonly string[]> = {
  pods: ['resize'],
  services: [''],
  persistentvolumeclaims: ['', 'status'],
}

/** What is not kept is not counted, and Events never were. */
const isCounted = ({ namespaced, stored, kind }: KindDeclaration): boolean =>
  namespaced && stored !== false && kind !== 'Event'

/**
 * Lets nothing be made that a namespace's quotas have no room for. What is made is noted in their status at once, so that
 * two at the same time do not both take the last of it. What `limited` names needs a quota to be made at all.
 */
export function resourceQuotaAdmission(
  client: Client,
  informers: InformerFactory,
  limited: readonly LimitedResource[] = [],
): AdmissionPlugin {
  const turns = new Map<string, Promise<void>>()
  async function quotasOf(namespace: string): Promise<ApiObject[]> {
    const cache = informers.informer(resourceQuotas)
    if (!cache.hasSynced) await cache.synced()
    cache.addIndex(NAMESPACE, ({ metadata }) => [metadata.namespace!])
    return cache.byIndex(NAMESPACE, namespace)
  }
  return {
    name: 'ResourceQuota',
    handles: ({ kind, operation, subresource }) =>
      isCounted(kind) &&
      ((operation === 'CREATE' && subresource === '') ||
        (operation === 'UPDATE' && CHANGING[resourceName(kind)]?.includes(subresource) === true)),
    async validate(attributes) {
      const { namespace, kind, object } = attributes
      if (!namespace || !object) return
      const quotas = await quotasOf(namespace)
      if (quotas.length === 0 && limited.length === 0) return
      const type = resourceName(kind)
      const concerned = quotas.filter(
        quota => boundsIn(quota, type).length > 0 && isInScope(quota, type, object),
      )
      for (const quota of concerned) checkKnown(attributes, quota)
      checkLimited(attributes, limited, quotas, concerned)
      // One after the other: their notes would only get in each other's way.
      for (const quota of concerned) {
        const key = `${namespace}/${quota.metadata.name}`
        const turn = (turns.get(key) ?? Promise.resolve()).then(() => charge(client, attributes, quota))
        const done = turn.catch(() => {})
        turns.set(key, done)
        await turn.finally(() => turns.get(key) === done && turns.delete(key))
      }
    },
  }
}

/** What a quota bounds of a kind, as far as it was measured. */
const boundsIn = ({ status }: ApiObject, type: string): string[] =>
  boundsOf(type, Object.keys(status?.hard ?? {})).sort()

/** Pods say what they need of what is bounded, and it is known how much is taken. */
function checkKnown(attributes: AdmissionAttributes, quota: ApiObject): void {
  const { name } = quota.metadata
  const type = resourceName(attributes.kind)
  const bounds = boundsIn(quota, type)
  const missing = type === 'pods' ? missingAmounts(attributes.object as Pod, bounds) : undefined
  if (missing) throw refuse(attributes, `failed quota: ${name}: must specify ${missing}`)
  const used: Record<string, string> = quota.status?.used ?? {}
  if (bounds.every(bound => used[bound] !== undefined)) return
  throw refuse(attributes, `status unknown for quota: ${name}, resources: ${bounds.join(',')}`)
}

async function charge(client: Client, attributes: AdmissionAttributes, known: ApiObject): Promise<void> {
  const { kind, subresource, dryRun, onFailure } = attributes
  for (let quota = known, tries = 1; ; tries++) {
    const delta = neededOf(attributes, quota, boundsIn(quota, resourceName(kind)))
    if (Object.keys(delta).length === 0) return
    // What a status tells has happened already.
    if (subresource !== 'status') checkRoom(attributes, quota, delta)
    if (dryRun) return
    try {
      await note(client, quota, delta, addQuantity)
      onFailure(() => giveBack(client, quota, delta))
      return
    } catch (error) {
      if (!isConflict(error) || tries === TRIES) throw error
      quota = await client.get(resourceQuotas, quota.metadata)
    }
  }
}

/** How much more the write takes, of what the quota bounds. */
function neededOf(
  { kind, object, oldObject }: AdmissionAttributes,
  quota: ApiObject,
  bounded: readonly string[],
): Amounts {
  const type = resourceName(kind)
  const time = Date.now()
  const after = usageOf(type, object!, time)
  const before = oldObject && isInScope(quota, type, oldObject) ? usageOf(type, oldObject, time) : {}
  const needed: Amounts = {}
  for (const name of bounded) {
    const more = subtractQuantity(after[name] ?? ZERO, before[name] ?? ZERO)
    if (compareQuantity(more, ZERO) > 0) needed[name] = more
  }
  return needed
}

function checkRoom(attributes: AdmissionAttributes, { metadata, status }: ApiObject, delta: Amounts): void {
  const hard: Record<string, string> = status?.hard ?? {}
  const used: Record<string, string> = status?.used ?? {}
  const exceeded = Object.keys(delta)
    .sort()
    .filter(name => {
      const total = addQuantity(parseQuantity(used[name] ?? '0'), delta[name]!)
      return compareQuantity(total, hard[name]!) > 0
    })
  if (exceeded.length === 0) return
  const list = (amountOf: (name: string) => string): string =>
    exceeded.map(name => `${name}=${amountOf(name)}`).join(',')
  throw refuse(
    attributes,
    `exceeded quota: ${metadata.name}, requested: ${list(name => formatQuantity(delta[name]!))}, used: ${list(name => used[name] ?? '0')}, limited: ${list(name => hard[name]!)}`,
  )
}

const refuse = ({ kind, name }: AdmissionAttributes, message: string): Error => forbidden(kind, name, message)

async function note(
  client: Client,
  quota: ApiObject,
  delta: Amounts,
  combine: (a: Quantity, b: Quantity) => Quantity,
): Promise<void> {
  const used: Record<string, string> = { ...quota.status?.used }
  for (const [name, amount] of Object.entries(delta)) {
    used[name] = formatQuantity(combine(parseQuantity(used[name] ?? '0'), amount))
  }
  const next = { ...quota, status: { ...quota.status, used } }
  await client.update(resourceQuotas, next as ApiObject, { subresource: 'status' })
}

/** The write came to nothing after all. */
async function giveBack(client: Client, { metadata }: ApiObject, delta: Amounts): Promise<void> {
  for (let tries = 1; tries <= TRIES; tries++) {
    try {
      return await note(client, await client.get(resourceQuotas, metadata), delta, subtractQuantity)
    } catch (error) {
      if (isNotFound(error)) return
      if (!isConflict(error)) throw error
    }
  }
}
