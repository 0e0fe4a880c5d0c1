import { resourceName } from '../../../api/kinds/kind.ts'
import { cloneJson } from '../../../api/meta/clone.ts'
import type { ApiObject } from '../../../api/meta/object.ts'
import { alreadyExists, invalid, isAlreadyExists, type StatusError } from '../../../api/meta/status.ts'
import type { StoredDocument } from '../../../plugins/store.ts'
import { emptyStatus } from '../../registry/empty-status.ts'
import { Entry } from '../cache/entry.ts'
import type { Resource } from '../kind-registry.ts'
import { type Core, Effects, keyOf, storeCall, type Target, type WriteContext, type Written } from './core.ts'
import { encode, entryOf, storedEntry } from './encode.ts'
import { recordOwners } from './managed-fields.ts'
import { checkNamespace, checkType, checkUnstored, startMetadata } from './metadata.ts'
import { fillSpec } from './structs.ts'
import { validateMetadata } from './validate-metadata.ts'

/** How many generated names are tried before giving up (upstream's figure). */
const NAME_ATTEMPTS = 8

/** How an object comes to be created. */
export interface CreateOptions {
  /** By server-side apply, which has written its managedFields already. */
  isApplied?: boolean
  /** The resource as which the client sent it, where that is another one. */
  form?: Resource | undefined
  /** Stands for the spec as it was sent, where others were sent with the same one. */
  template?: object | undefined
}

/**
 * Creates an object. `object` becomes the server's: it is filled in in place.
 * @throws StatusError 409 AlreadyExists, 422 Invalid, 403 Forbidden …
 */
export async function create(
  core: Core,
  resource: Resource,
  namespace: string | undefined,
  object: ApiObject,
  context: WriteContext,
  options: CreateOptions = {},
): Promise<Written> {
  checkType(resource.kind, object)
  checkNamespace(resource.kind, object, namespace)
  fillSpec(core.schemas, resource.kind, object)
  const isGenerated = !object.metadata.name && !!object.metadata.generateName
  for (let attempt = 1; ; attempt++) {
    try {
      const candidate = isGenerated ? cloneJson(object) : object
      return await createOnce(core, resource, namespace, candidate, context, { ...options, isGenerated })
    } catch (error) {
      if (!isGenerated || !isAlreadyExists(error) || attempt === NAME_ATTEMPTS) throw error
    }
  }
}

async function createOnce(
  core: Core,
  resource: Resource,
  namespace: string | undefined,
  object: ApiObject,
  context: WriteContext,
  { isApplied, form, template, isGenerated }: CreateOptions & { isGenerated: boolean },
): Promise<Written> {
  const { kind, strategy } = resource
  const strategyContext = { user: context.user, subresource: '', now: new Date() }
  startMetadata(object, namespace, hasGeneration(resource))
  strategy.defaults?.(object)
  if (kind.subresources?.status) startStatus(resource, object)
  const recorded = isApplied
    ? undefined
    : recordOwners(core, resource, object, { subresource: '', old: undefined, form, template }, context)
  if (recorded) await recorded
  const target: Target = { namespace, name: object.metadata.name ?? '' }
  const effects = new Effects()
  try {
    const attributes = effects.attributes(resource, context, {
      operation: 'CREATE',
      target,
      subresource: '',
      object,
      oldObject: undefined,
      form,
      isNameGenerated: isGenerated,
    })
    await core.admission.mutate(attributes)
    if (attributes.isRewritten) checkAgain(resource, target, object)
    // As admission left it: what a Pod asks for, say, may have come from a LimitRange.
    strategy.prepareForCreate?.(object, strategyContext)
    target.name = object.metadata.name ?? ''
    if (strategy.load) await strategy.load(object)
    const specText = object.spec && JSON.stringify(object.spec)
    const errors = [
      ...validateMetadata(resource, object),
      ...(strategy.validate?.(object, undefined, { ...strategyContext, specText }) ?? []),
    ]
    if (errors.length > 0) throw invalid(kind, target.name, errors)
    for (const warning of strategy.warnings?.(object, undefined, specText) ?? []) context.warn(warning)
    await core.admission.validate(attributes)
    const entry = await store(core, resource, target, { object, specText }, context)
    await effects.finish()
    return { entry, isNew: true }
  } catch (error) {
    await effects.undo()
    throw error
  }
}

/** Admission made another object of it: what is not a client's to say is said once more. */
function checkAgain(resource: Resource, target: Target, object: ApiObject): void {
  checkType(resource.kind, object)
  checkNamespace(resource.kind, object, target.namespace)
  if (resource.kind.subresources?.status) startStatus(resource, object)
}

async function store(
  core: Core,
  resource: Resource,
  target: Target,
  { object, specText }: { object: ApiObject; specText: string | undefined },
  context: WriteContext,
): Promise<Entry> {
  const key = keyOf(target)
  if (context.dryRun) {
    const stored = await storeCall(core.store.get(resource.type, key))
    if (stored) throw taken(resource, target, stored)
    return entryOf(key, object, 0)
  }
  checkUnstored(object)
  delete object.metadata.resourceVersion
  const encoded = encode(object, specText)
  const result = await storeCall(core.store.put(resource.type, key, 0, encoded))
  if (!result.ok) throw taken(resource, target, result.current)
  return storedEntry(resource, key, result, object, encoded)
}

/** The name is another object's; that may be on its way out. */
function taken({ kind }: Resource, { name }: Target, stored: StoredDocument | undefined): StatusError {
  const isLeaving = stored && new Entry(stored).object.metadata.deletionTimestamp !== undefined
  return alreadyExists(kind, name, isLeaving ? 'object is being deleted: ' : '')
}

/** A status is its controller's to write; the built-in kinds always have one, if an empty one. */
function startStatus({ kind, strategy }: Resource, object: ApiObject): void {
  if (!strategy.keepStatusOnCreate) delete object.status
  if (!kind.custom) object.status ??= emptyStatus(resourceName(kind))
}

/** Kinds with a spec count its changes. */
export function hasGeneration({ kind, strategy }: Resource): boolean {
  return strategy.hasGeneration ?? kind.subresources?.status === true
}
