import { isEqual } from '../../../api/meta/equal.ts'
import type { ApiObject } from '../../../api/meta/object.ts'
import {
  conflict,
  type FieldError,
  invalid,
  invalidValue,
  isStatusError,
  notFound,
  notSupported,
} from '../../../api/meta/status.ts'
import { toTime } from '../../../api/meta/time.ts'
import { Entry } from '../cache/entry.ts'
import type { Resource } from '../kind-registry.ts'
import { type Core, Effects, keyOf, storeCall, type Target, type WriteContext } from './core.ts'
import { encode, entryOf } from './encode.ts'
import { MODIFIED } from './update.ts'

/** meta/v1 DeleteOptions, from the body or the query. */
export interface DeleteOptions {
  gracePeriodSeconds?: number
  propagationPolicy?: string
  orphanDependents?: boolean
  preconditions?: { uid?: string; resourceVersion?: string }
}

/** The object as it last was. `isGone` is false while finalizers or a grace period hold it. */
export interface Deleted {
  entry: Entry
  isGone: boolean
}

const ATTEMPTS = 30
const ORPHAN = 'orphan'
const FOREGROUND = 'foregroundDeletion'
const POLICIES = ['Foreground', 'Background', 'Orphan']

/**
 * Deletes an object, or marks it as being deleted where finalizers or a grace period ask for that.
 * @param form the resource as which the client named it, where that is another one
 * @throws StatusError 404, 409 when a precondition does not hold, 403 …
 */
export async function remove(
  core: Core,
  resource: Resource,
  target: Target,
  options: DeleteOptions,
  context: WriteContext,
  form?: Resource,
): Promise<Deleted> {
  checkOptions(options)
  const key = keyOf(target)
  await resource.cache.ready()
  let entry = resource.cache.get(key)
  let isFresh = false
  const refresh = async () => {
    const stored = await storeCall(core.store.get(resource.type, key))
    const isSame = stored?.revision === entry?.revision
    entry = stored && new Entry(stored)
    isFresh = true
    return !isSame
  }
  for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
    if (!entry && !isFresh) await refresh()
    if (!entry) throw notFound(resource.kind, target.name)
    let result: Deleted | { current: Entry | undefined }
    try {
      result = await removeOnce(core, resource, target, options, entry, context, form)
    } catch (error) {
      if (isStatusError(error) && !isFresh && (await refresh())) continue
      throw error
    }
    if ('entry' in result) return result
    entry = result.current
    isFresh = true
  }
  throw conflict(resource.kind, target.name, MODIFIED)
}

/** @throws StatusError 422 */
export function checkOptions({ propagationPolicy: policy, orphanDependents }: DeleteOptions): void {
  const field = 'propagationPolicy'
  const faults: FieldError[] = []
  if (policy !== undefined && orphanDependents !== undefined) {
    faults.push(invalidValue(field, policy, 'orphanDependents and deletionPropagation cannot be both set'))
  }
  if (policy !== undefined && !POLICIES.includes(policy)) {
    faults.push(notSupported(field, policy, [...POLICIES, 'nil']))
  }
  if (faults.length > 0) throw invalid({ group: 'meta.k8s.io', kind: 'DeleteOptions' }, '', faults)
}

async function removeOnce(
  core: Core,
  resource: Resource,
  target: Target,
  options: DeleteOptions,
  entry: Entry,
  context: WriteContext,
  form: Resource | undefined,
): Promise<Deleted | { current: Entry | undefined }> {
  const old = entry.object
  checkPreconditions(resource, target, options, entry)
  const effects = new Effects()
  try {
    const attributes = effects.attributes(resource, context, {
      operation: 'DELETE',
      target,
      subresource: '',
      object: undefined,
      oldObject: old,
      form,
    })
    await core.admission.mutate(attributes)
    await core.admission.validate(attributes)
    const marked = markDeleted(resource, entry.copy(), options)
    const result = await write(core, resource, entry, marked, context)
    if ('entry' in result && result.isGone) await effects.finish()
    return result
  } catch (error) {
    await effects.undo()
    throw error
  }
}

function checkPreconditions(
  { kind }: Resource,
  { name }: Target,
  { preconditions }: DeleteOptions,
  entry: Entry,
): void {
  const { uid } = entry.object.metadata
  // Upstream names the kind here, not the resource.
  const byKind = { group: kind.group, plural: kind.kind }
  if (preconditions?.uid && preconditions.uid !== uid) {
    const message = `the UID in the precondition (${preconditions.uid}) does not match the UID in record (${uid}). The object might have been deleted and then recreated`
    throw conflict(byKind, name, message)
  }
  const wanted = preconditions?.resourceVersion
  if (wanted && wanted !== String(entry.revision)) {
    const message = `the ResourceVersion in the precondition (${wanted}) does not match the ResourceVersion in record (${entry.revision}). The object might have been modified`
    throw conflict(byKind, name, message)
  }
}

/** The object as it stays while it is being deleted; undefined when nothing holds it. */
function markDeleted(resource: Resource, object: ApiObject, options: DeleteOptions): ApiObject | undefined {
  const { metadata } = object
  if (!metadata.deletionTimestamp) resource.strategy.prepareForDelete?.(object)
  const finalizers = finalizersAfter(resource, metadata.finalizers ?? [], options)
  if (finalizers.length > 0) metadata.finalizers = finalizers
  else delete metadata.finalizers
  // A custom kind may have the same name.
  const isNamespace = resource.type === 'namespaces'
  const isHeld = finalizers.length > 0 || (isNamespace && object.spec?.finalizers?.length > 0)
  const grace = remainingGrace(resource, object, options)
  if (!isHeld && grace === 0) return undefined
  const isFirst = !metadata.deletionTimestamp
  const before = metadata.deletionGracePeriodSeconds ?? 0
  if (isFirst || grace < before) {
    const base = isFirst ? Date.now() : Date.parse(metadata.deletionTimestamp!) - before * 1000
    metadata.deletionTimestamp = toTime(new Date(base + grace * 1000))
    if (!isNamespace) metadata.deletionGracePeriodSeconds = grace
    if (isFirst && metadata.generation) metadata.generation++
  }
  if (object.kind === 'Namespace') object.status = { ...object.status, phase: 'Terminating' }
  return object
}

/** Seconds left to the owner component; a deletion under way can only be made shorter. */
function remainingGrace({ strategy }: Resource, object: ApiObject, options: DeleteOptions): number {
  const { deletionTimestamp, deletionGracePeriodSeconds = 0 } = object.metadata
  const requested = options.gracePeriodSeconds
  // A negative period stands for the shortest one that is still graceful.
  const wanted = requested !== undefined && requested < 0 ? 1 : requested
  if (deletionTimestamp && wanted === undefined) return deletionGracePeriodSeconds
  const grace = strategy.gracePeriodSeconds?.(object, wanted) ?? 0
  return deletionTimestamp ? Math.min(grace, deletionGracePeriodSeconds) : grace
}

/** The garbage collector's finalizers follow the propagation policy; the others stay. */
function finalizersAfter(
  { strategy: { dependents } }: Resource,
  finalizers: readonly string[],
  options: DeleteOptions,
): string[] {
  const { orphanDependents } = options
  const asked =
    options.propagationPolicy ??
    (orphanDependents === undefined ? undefined : orphanDependents ? 'Orphan' : 'Background')
  const isSaid = finalizers.some(finalizer => finalizer === ORPHAN || finalizer === FOREGROUND)
  const usual = dependents === 'orphaned' && !isSaid ? 'Orphan' : undefined
  const policy = dependents === 'none' ? 'Background' : (asked ?? usual)
  if (policy === undefined) return [...finalizers]
  const others = finalizers.filter(finalizer => finalizer !== ORPHAN && finalizer !== FOREGROUND)
  if (policy === 'Orphan') return [...others, ORPHAN]
  return policy === 'Foreground' ? [...others, FOREGROUND] : others
}

async function write(
  core: Core,
  { type }: Resource,
  entry: Entry,
  marked: ApiObject | undefined,
  { dryRun }: WriteContext,
): Promise<Deleted | { current: Entry | undefined }> {
  const { key, revision } = entry
  if (marked) {
    if (dryRun) return { entry: entryOf(key, marked, revision), isGone: false }
    if (isEqual(marked, entry.object)) return { entry, isGone: false }
    const result = await storeCall(core.store.put(type, key, revision, encode(marked)))
    if (result.ok) return { entry: new Entry({ key, ...result }), isGone: false }
    return { current: result.current && new Entry(result.current) }
  }
  if (dryRun) return { entry, isGone: true }
  const result = await storeCall(core.store.delete(type, key, revision))
  if (result.ok) return { entry: new Entry({ key, ...result }), isGone: true }
  return { current: result.current && new Entry(result.current) }
}
