import { apiVersion, type KindDeclaration } from '../../../api/kinds/kind.ts'
import { cloneJson } from '../../../api/meta/clone.ts'
import { difference, isEmpty } from '../../../api/meta/managed-fields/field-set.ts'
import type { Manager, Owner } from '../../../api/meta/managed-fields/owner.ts'
import { attachRecord, ManagedRecord, recordOf } from '../../../api/meta/managed-fields/record.ts'
import type { ApiObject } from '../../../api/meta/object.ts'
import { isMap } from '../../../api/meta/patch/own.ts'
import { badRequest, conflict, unexpectedError } from '../../../api/meta/status.ts'
import { now } from '../../../api/meta/time.ts'
import { validateFields } from '../../../api/schema/field-validation.ts'
import {
  type Applied,
  applyConfiguration,
  type Configuration,
  type Conflict,
} from '../../../api/schema/merge/apply.ts'
import { MergeError } from '../../../api/schema/merge/merge-type.ts'
import { trackUpdate } from '../../../api/schema/merge/track.ts'
import { faultText, validateConfiguration } from '../../../api/schema/merge/validate.ts'
import type { Entry } from '../cache/entry.ts'
import type { Resource } from '../kind-registry.ts'
import { conflictError } from './apply-conflicts.ts'
import { type Conversions, settled } from './conversions.ts'
import type { Core, WriteContext } from './core.ts'
import { KUBECTL, lastAppliedSet, updateLastApplied } from './last-applied.ts'
import { conversionsOf, formsOf, managerOf } from './managed-fields.ts'

/** Who owns all that was there before anybody applied. */
const BEFORE_FIRST_APPLY = 'before-first-apply'

/** One apply request. */
export interface ApplyRequest {
  subresource: string
  /** What the applier wants. Left alone. */
  config: ApiObject
  force: boolean
}

/**
 * The object with a configuration applied, managedFields and all. It is the caller's own. To be waited for where a webhook
 * has to tell what fields are in other versions.
 * @param current undefined where the object is to be created
 * @throws StatusError 400, 409 with one cause a field that another manager owns, 500 as upstream for what its schema does
 * not allow
 */
export function applyTo(
  core: Core,
  resource: Resource,
  current: Entry | undefined,
  request: ApplyRequest,
  context: WriteContext,
): ApiObject | Promise<ApiObject> {
  const conversions = conversionsOf(resource)
  const apply = (): ApiObject => applyBy(core, resource, current, request, context, conversions)
  return conversions ? settled(apply) : apply()
}

function applyBy(
  core: Core,
  resource: Resource,
  current: Entry | undefined,
  { subresource, config: given, force }: ApplyRequest,
  context: WriteContext,
  conversions: Conversions | undefined,
): ApiObject {
  const { kind } = resource
  checkConfiguration(core, kind, given)
  const config = cloneJson(given)
  if (!current && config.metadata?.uid) throw uidMismatch(kind, config)
  const live = current?.bareCopy() ?? ({} as ApiObject)
  const owners = current ? recordOf(current.object.metadata).owners : []
  const forms = formsOf(core, resource, subresource, conversions)
  const manager = managerOf(resource, context, 'Apply', subresource)
  const request: Configuration = { forms, live, config, manager, force, time: now() }
  const before = owners.length === 0 && current ? ownersBeforeApply(request) : owners
  const applied = withoutMergeErrors(config, () => applyWithConflicts(before, request))
  const object = applied.object as ApiObject
  if (context.fieldManager === KUBECTL && object.metadata) updateLastApplied(object, config)
  validateFields(core.schemas, kind, object, 'Ignore')
  object.metadata ??= {} as ApiObject['metadata']
  attachRecord(object.metadata, ManagedRecord.of(applied.owners))
  return object
}

/** The kind a configuration is of. */
type ConfiguredKind = Pick<KindDeclaration, 'group' | 'version' | 'kind' | 'schema'>

const versionKind = (config: Partial<ApiObject>): string => {
  const given = textOf(config.apiVersion)
  const [group, version] = given.includes('/') ? given.split('/') : ['', given]
  return `${group}/${version}, Kind=${textOf(config.kind)}`
}

/** What is no text reads as none. */
const textOf = (value: unknown): string => (typeof value === 'string' ? value : '')

/** @throws StatusError 400 for another version or kind, 500 for fields that the schema does not have */
export function checkConfiguration(core: Core, kind: ConfiguredKind, config: ApiObject): void {
  if (config.kind !== kind.kind || config.apiVersion !== apiVersion(kind)) {
    throw badRequest(`invalid object type: ${versionKind(config)}`)
  }
  if (Array.isArray(config.metadata?.managedFields)) throw badRequest('metadata.managedFields must be nil')
  const faults = validateConfiguration(core.schemas.mergeTypes.get(kind.schema), config)
  if (faults.length > 0) throw cannotType(config, faultText(faults))
}

function cannotType(config: ApiObject, why: string): Error {
  const { namespace, name } = isMap(config.metadata) ? config.metadata : ({} as Record<string, unknown>)
  const which = `${textOf(namespace)}/${textOf(name)}`
  return unexpectedError(`failed to create typed patch object (${which}; ${versionKind(config)}): ${why}`)
}

function withoutMergeErrors<T>(config: ApiObject, run: () => T): T {
  try {
    return run()
  } catch (error) {
    if (error instanceof MergeError) throw cannotType(config, error.message)
    throw error
  }
}

const uidMismatch = (kind: KindDeclaration, { metadata: { uid, name } }: ApiObject): Error =>
  conflict(
    kind,
    name,
    `uid mismatch: the provided object specified uid ${uid}, and no existing object was found`,
  )

/** An object that nobody was recorded for belongs to its past. */
function ownersBeforeApply({ forms, live, manager, time }: Configuration): readonly Owner[] {
  const past: Manager = { ...manager, manager: BEFORE_FIRST_APPLY, operation: 'Update' }
  return trackUpdate([], { forms, old: {}, object: live, manager: past, time })
}

/** @throws StatusError 409 */
function applyWithConflicts(owners: readonly Owner[], request: Configuration): Applied {
  const applied = applyConfiguration(owners, request)
  if (applied.conflicts.length === 0) return applied
  const conflicts = afterMigration(applied, request)
  if (conflicts.length > 0) throw conflictError(conflicts)
  return applied
}

/** What kubectl has applied from the client's side is its own. */
function afterMigration({ conflicts }: Applied, { forms, live, manager }: Configuration): Conflict[] {
  if (manager.manager !== KUBECTL) return [...conflicts]
  const own = lastAppliedSet(forms.typeAt(manager.apiVersion)!, live as ApiObject)
  return conflicts.flatMap(({ owner, fields }) => {
    const rest = difference(fields, own)
    return isEmpty(rest) ? [] : [{ owner, fields: rest }]
  })
}
