import { cloneJson } from '../../../api/meta/clone.ts'
import { isEqual } from '../../../api/meta/equal.ts'
import { hasKeptSpec, keptSpec, withSpec } from '../../../api/meta/kept-spec.ts'
import { recordOf } from '../../../api/meta/managed-fields/record.ts'
import type { ApiObject, ObjectMeta } from '../../../api/meta/object.ts'
import { conflict, invalid, isStatusError, notFound } from '../../../api/meta/status.ts'
import type { StrategyContext } from '../../registry/strategy.ts'
import { Entry } from '../cache/entry.ts'
import type { Resource } from '../kind-registry.ts'
import { type Core, Effects, keyOf, storeCall, type Target, type WriteContext, type Written } from './core.ts'
import { create, hasGeneration } from './create.ts'
import { encode, entryOf, storedEntry } from './encode.ts'
import { recordOwners } from './managed-fields.ts'
import { checkName, checkNamespace, checkType, keepMetadata, sentRevision } from './metadata.ts'
import { fillSpec } from './structs.ts'
import { validateMetadataUpdate } from './validate-metadata.ts'

/** Tries of an update that others keep overtaking. */
const ATTEMPTS = 100

export const MODIFIED =
  'the object has been modified; please apply your changes to the latest version and try again'

/** One update: how the wanted object is made from the stored one. */
export interface Update {
  target: Target
  subresource: string
  /**
   * Makes the wanted object, which becomes the server's, from what is stored. Called again with newer state when another
   * writer was faster. With `undefined` where kinds can be created by an update.
   */
  apply(current: Entry | undefined): ApiObject | Promise<ApiObject>
  /** By server-side apply: the wanted object has its managedFields already, and is created where it is not there. */
  isApplied?: boolean
  /** By a patch, whose object need not be the one that is named: a uid of its own is a change of a fixed field. */
  isPatch?: boolean
  /** The resource as which the client wrote, where that is another one than the one written to. */
  form?: Resource
}

/**
 * Updates an object: what the cache holds is tried first, and replaced by what the store holds when that was stale. An
 * update that changes nothing writes nothing.
 * @throws StatusError 404, 409 Conflict (the wanted object carries another resourceVersion), 422 …
 */
export async function update(
  core: Core,
  resource: Resource,
  request: Update,
  context: WriteContext,
): Promise<Written> {
  const key = keyOf(request.target)
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
  if (!entry) await refresh()
  for (let attempt = 1; ; attempt++) {
    let result: Written | { current: Entry | undefined }
    try {
      result = await updateOnce(core, resource, request, entry, context)
    } catch (error) {
      if (isStatusError(error) && !isFresh && (await refresh())) continue
      throw error
    }
    if ('entry' in result) {
      // That nothing is to be changed holds for what is stored now, not for what the cache still has (as upstream).
      if (result.entry === entry && !isFresh && (await refresh())) continue
      return result
    }
    if (attempt === ATTEMPTS) throw conflict(resource.kind, request.target.name, MODIFIED)
    entry = result.current
    isFresh = true
  }
}

/** One try; `{ current }` when the stored object was no longer the one it started from. */
async function updateOnce(
  core: Core,
  resource: Resource,
  request: Update,
  entry: Entry | undefined,
  context: WriteContext,
): Promise<Written | { current: Entry | undefined }> {
  if (!entry) return await createInstead(core, resource, request, context)
  // Held, so that what is parsed is parsed once and copied from then on.
  const old = entry.outgoing
  const wanted = request.apply(entry)
  const object = keepSpec(
    resource,
    request.subresource,
    wanted instanceof Promise ? await wanted : wanted,
    old,
  )
  checkPreconditions(resource, object, entry.revision, old, request)
  const effects = new Effects()
  try {
    await prepare(core, resource, request, object, entry, context, effects)
    const result = await write(core, resource, object, entry, context)
    if ('entry' in result) await effects.finish()
    else await effects.undo()
    return result
  } catch (error) {
    await effects.undo()
    throw error
  }
}

async function createInstead(
  core: Core,
  resource: Resource,
  { target, apply, subresource, isApplied = false, form }: Update,
  context: WriteContext,
): Promise<Written> {
  if (!(resource.strategy.allowCreateOnUpdate || isApplied) || subresource)
    throw notFound(resource.kind, target.name)
  await context.authorizeCreate?.()
  const object = await apply(undefined)
  checkName(object, target)
  return await create(core, resource, target.namespace, object, context, { isApplied, form })
}

function checkPreconditions(
  resource: Resource,
  object: ApiObject,
  revision: number,
  old: ApiObject,
  { target, isPatch, isApplied }: Update,
): void {
  const { kind, strategy } = resource
  checkType(kind, object)
  checkNamespace(kind, object, target.namespace)
  checkName(object, target)
  const { resourceVersion, uid } = object.metadata
  const currentUid = old.metadata.uid
  if (uid && uid !== currentUid && !isPatch && !isApplied) {
    const message = `Precondition failed: UID in precondition: ${uid}, UID in object meta: ${currentUid}`
    throw conflict(kind, target.name, message)
  }
  if (resourceVersion === String(revision)) return
  const sent = resourceVersion ? sentRevision(resourceVersion) : 0n
  if (sent !== 0n && sent !== BigInt(revision)) throw conflict(kind, target.name, MODIFIED)
  if (sent === 0n && strategy.allowUnconditionalUpdate === false) {
    // Upstream names the resource here, and not its kind.
    throw invalid({ group: kind.group, kind: kind.plural }, target.name, [
      {
        type: 'FieldValueInvalid',
        field: 'metadata.resourceVersion',
        badValue: 0,
        detail: 'must be specified for an update',
      },
    ])
  }
}

/** Rules and admission: makes the object into what will be stored, or throws. */
async function prepare(
  core: Core,
  resource: Resource,
  { target, subresource, isApplied, form }: Update,
  object: ApiObject,
  entry: Entry,
  context: WriteContext,
  effects: Effects,
): Promise<void> {
  const { kind, strategy } = resource
  const old = entry.object
  const strategyContext = { user: context.user, subresource, now: new Date() }
  if (!keptSpec(object)) fillSpec(core.schemas, kind, object)
  settle(resource, subresource, object, entry, strategyContext)
  const recorded = isApplied
    ? undefined
    : recordOwners(core, resource, object, { subresource, old, form }, context)
  if (recorded) await recorded
  countChange(resource, subresource, object, old)
  const attributes = effects.attributes(resource, context, {
    operation: 'UPDATE',
    target,
    subresource,
    object,
    oldObject: old,
    form,
  })
  await core.admission.mutate(attributes)
  if (attributes.isRewritten) {
    checkType(kind, object)
    settle(resource, subresource, object, entry, strategyContext)
    countChange(resource, subresource, object, old)
  }
  if (strategy.load) await strategy.load(object)
  const errors = [
    ...validateMetadataUpdate(resource, object, old, subresource),
    ...(strategy.validate?.(object, old, strategyContext) ?? []),
  ]
  if (errors.length > 0) throw invalid(kind, target.name, errors)
  if (subresource === '' && strategy.warnings) {
    for (const warning of strategy.warnings(object, old)) context.warn(warning)
  }
  await core.admission.validate(attributes)
}

/** Sets what an update may not change back, and fills in the rest. */
function settle(
  resource: Resource,
  subresource: string,
  object: ApiObject,
  entry: Entry,
  context: StrategyContext,
): void {
  const { strategy } = resource
  keepMetadata(object, entry.object)
  keepOtherHalf(resource, subresource, object, entry)
  if (subresource !== '') keepOwnMetadata(resource, subresource, object, entry)
  const isDefaulted = strategy.defaultsSpecOnly && entry.isSettled && hasKeptSpec(object, entry.object)
  if (!isDefaulted) strategy.defaults?.(object)
  strategy.prepareForUpdate?.(object, entry.object, context)
}

/** What is written by these is not counted: a Pod that is bound is as its author wanted it. */
const UNCOUNTED: ReadonlySet<string> = new Set(['status', 'binding'])

/** Changes of anything but the status are counted. */
function countChange(resource: Resource, subresource: string, object: ApiObject, old: ApiObject): void {
  if (!hasGeneration(resource) || UNCOUNTED.has(subresource) || !isSpecChanged(object, old)) return
  object.metadata.generation = (old.metadata.generation ?? 0) + 1
}

/**
 * The wanted object; where its spec is the stored one for sure, the text of that stands for it, and is neither looked through
 * nor written out again as long as nobody reads it.
 */
function keepSpec({ kind }: Resource, subresource: string, object: ApiObject, old: ApiObject): ApiObject {
  const kept = keptSpec(old)
  if (!kept || keptSpec(object)) return object
  const isStatus = subresource === 'status' && kind.subresources?.status
  if (isStatus) return withSpec(object, kept)
  return JSON.stringify(object.spec) === kept.text ? withSpec(object, kept, object.spec) : object
}

/** An update of the object leaves its status alone, an update of the status all but the status. */
function keepOtherHalf({ kind }: Resource, subresource: string, object: ApiObject, entry: Entry): void {
  if (!kind.subresources?.status) return
  if (subresource === '') keep(object, entry, ['status'])
  else if (subresource === 'status') {
    const fields = new Set([...Object.keys(object), ...Object.keys(entry.object)])
    keep(object, entry, [...fields.difference(STATUS_FIELDS)])
  }
}

/** What of the metadata a write to this subresource may not change. managedFields are the server's own record of it. */
function keepOwnMetadata({ strategy }: Resource, subresource: string, object: ApiObject, entry: Entry): void {
  const kept = strategy.keptMetadata?.[subresource]
  if (!kept) return
  const metadata = object.metadata as unknown as Record<string, unknown>
  const stored = entry.object.metadata as unknown as Record<string, unknown>
  const fields = kept === 'all' ? new Set([...Object.keys(metadata), ...Object.keys(stored)]) : kept
  for (const field of fields) {
    if (field === 'managedFields' || isEqual(metadata[field], stored[field])) continue
    if (stored[field] === undefined) delete metadata[field]
    else metadata[field] = cloneJson(stored[field])
  }
}

/** Makes these fields what they are in the stored object. Most often they are so already. */
function keep(object: ApiObject, entry: Entry, fields: readonly string[]): void {
  const changed = fields.filter(field => !isSameField(field, object, entry.object))
  if (changed.length === 0) return
  const stored = entry.copy()
  for (const field of changed) {
    if (stored[field] === undefined) delete object[field]
    else object[field] = stored[field]
  }
}

const STATUS_FIELDS = new Set(['apiVersion', 'kind', 'metadata', 'status'])

function isSpecChanged(object: ApiObject, old: ApiObject): boolean {
  for (const field of Object.keys(object))
    if (!STATUS_FIELDS.has(field) && !isSameField(field, object, old)) return true
  for (const field of Object.keys(old)) {
    if (!(field in object) && !STATUS_FIELDS.has(field) && !isSameField(field, object, old)) return true
  }
  return false
}

const isSameField = (field: string, object: ApiObject, old: ApiObject): boolean =>
  (field === 'spec' && hasKeptSpec(object, old)) || isEqual(object[field], old[field])

async function write(
  core: Core,
  resource: Resource,
  object: ApiObject,
  entry: Entry,
  context: WriteContext,
): Promise<Written | { current: Entry | undefined }> {
  object.metadata.resourceVersion = String(entry.revision)
  if (!entry.isStale && isUnchanged(object, entry.object)) return { entry, isNew: false }
  if (context.dryRun) return { entry: entryOf(entry.key, object, entry.revision), isNew: false }
  const { type } = resource
  if (isFinished(object)) {
    const result = await storeCall(core.store.delete(type, entry.key, entry.revision))
    if (result.ok) return { entry: entryOf(entry.key, object, result.revision), isNew: false }
    return { current: result.current && new Entry(result.current) }
  }
  const encoded = encode(object)
  const result = await storeCall(core.store.put(type, entry.key, entry.revision, encoded))
  if (!result.ok) return { current: result.current && new Entry(result.current) }
  return { entry: storedEntry(resource, entry.key, result, object, encoded), isNew: false }
}

/** A write that changes nothing but the times in managedFields changes nothing. */
function isUnchanged(object: ApiObject, old: ApiObject): boolean {
  const isSame = (field: string): boolean => field === 'metadata' || isSameField(field, object, old)
  for (const field of Object.keys(object)) if (!isSame(field)) return false
  for (const field of Object.keys(old)) if (!(field in object) && !isSame(field)) return false
  return (
    isSameMetadata(object.metadata, old.metadata) &&
    recordOf(object.metadata).isSameButTimes(recordOf(old.metadata))
  )
}

/** Whether metadata are the same apart from managedFields, which are not looked at: to read them costs as much as all the rest. */
function isSameMetadata(a: ObjectMeta, b: ObjectMeta): boolean {
  const has = (metadata: ObjectMeta, field: string) => metadata[field as keyof ObjectMeta] !== undefined
  for (const field of Object.keys(a)) {
    if (field !== 'managedFields' && !isEqual(a[field as keyof ObjectMeta], b[field as keyof ObjectMeta]))
      return false
  }
  for (const field of Object.keys(b))
    if (field !== 'managedFields' && has(b, field) && !has(a, field)) return false
  return true
}

/** Whether this update took away the last thing that held up a deletion. */
function isFinished(object: ApiObject): boolean {
  const { metadata, kind } = object
  if (!metadata.deletionTimestamp || metadata.finalizers?.length) return false
  if (kind === 'Namespace' && object.spec?.finalizers?.length) return false
  return !metadata.deletionGracePeriodSeconds
}
