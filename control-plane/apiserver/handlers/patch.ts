import type { Patch } from '../../../api/client/client.ts'
import { apiVersion, type KindDeclaration } from '../../../api/kinds/kind.ts'
import { cloneJson } from '../../../api/meta/clone.ts'
import { goText } from '../../../api/meta/go-text.ts'
import { keptSpec, withoutSpec, withSpec } from '../../../api/meta/kept-spec.ts'
import type { ApiObject } from '../../../api/meta/object.ts'
import { applyJsonPatch } from '../../../api/meta/patch/json.ts'
import { applyMergePatch } from '../../../api/meta/patch/merge.ts'
import { isMap } from '../../../api/meta/patch/own.ts'
import { applyStrategicPatch } from '../../../api/meta/patch/strategic.ts'
import { badRequest, internalError, invalid, invalidValue, isStatusError } from '../../../api/meta/status.ts'
import { DecodeError } from '../../../api/schema/decode-state.ts'
import { type FieldValidation, unreadable } from '../../../api/schema/field-validation.ts'
import type { Entry } from '../cache/entry.ts'
import type { Resource } from '../kind-registry.ts'
import { noObject, noText } from '../pipeline/body.ts'
import type { Core } from '../rest/core.ts'
import { formAt } from '../rest/storage.ts'
import { noConversion } from '../rest/wrong-kind.ts'
import { unsupportedPatch } from './read-patch.ts'

/**
 * The object that a patch is laid over. managedFields are in it only where the patch may look at them: merge patches
 * replace them whole.
 */
export function patchBase(current: Entry, { type, body }: Patch): ApiObject {
  if (type !== 'json' || !Array.isArray(body) || !body.some(touchesManagedFields)) return current.bareCopy()
  const object = current.copy()
  // An accessor's value would not be seen to change.
  const { managedFields } = object.metadata
  if (managedFields) object.metadata.managedFields = cloneJson(managedFields)
  return object
}

const touchesManagedFields = (operation: { path?: unknown; from?: unknown } | null): boolean =>
  [operation?.path, operation?.from].some(
    place =>
      typeof place === 'string' &&
      (place === '' || place === '/metadata' || place.startsWith('/metadata/managedFields')),
  )

/** The members of an object that a patch can change; undefined where that is not plain to see. */
export function touchedMembers({ type, body }: Patch): string[] | undefined {
  if (type === 'json') return undefined
  const members = Object.keys(body as object)
  return members.some(member => member.startsWith('$')) ? undefined : members
}

/**
 * The patched object. `object` and `patch` are the caller's own: the result shares parts of both.
 * @throws StatusError 400, 422
 */
export function applyPatch(core: Core, kind: KindDeclaration, object: ApiObject, patch: Patch): ApiObject {
  const spec = keptSpec(object)
  if (!spec || (touchedMembers(patch)?.includes('spec') ?? true)) {
    return applyWhole(core, kind, object, patch)
  }
  return withSpec(applyWhole(core, kind, withoutSpec(object), patch), spec)
}

function applyWhole(core: Core, kind: KindDeclaration, object: ApiObject, patch: Patch): ApiObject {
  const { body } = patch
  switch (patch.type) {
    case 'json':
      return objectOf(applyJsonPatch<object>(object, body))
    case 'merge':
      return applyMergePatch(object, body)
    case 'strategic':
      return applyStrategicPatch(object, body, core.schemas.patchSchema(kind.schema))
    default:
      throw unsupportedPatch(kind)
  }
}

/** Nothing reads as an object without fields. @throws StatusError 422 for a patch that leaves anything but an object */
function objectOf(value: unknown): ApiObject {
  if (value === null) return { metadata: {} } as ApiObject
  if (isMap(value)) return value as unknown as ApiObject
  throw invalid({ group: '', kind: '' }, '', [invalidValue('patch', JSON.stringify(value), noObject(value))])
}

/**
 * What is said of a patch whose result cannot be read as an object of the kind: upstream shows the result, or the strategic
 * patch itself. Other errors are left as they are.
 */
export function refusedPatch(
  kind: KindDeclaration,
  patch: Patch,
  apply: (patch: Patch) => unknown,
  error: unknown,
): unknown {
  const prefix = unreadable(kind)
  if (!isStatusError(error) || !error.message.startsWith(prefix)) return error
  const isConverted = patch.type === 'strategic'
  const shown = isConverted ? goText(patch.body) : JSON.stringify(apply(patch))
  const converted = isConverted && error.cause instanceof DecodeError && error.cause.converted
  const why = converted || error.message.slice(prefix.length)
  return invalid({ group: '', kind: '' }, '', [invalidValue('patch', shown, why)])
}

/**
 * The form in which a patched object is read: another one than was asked for where it says so itself, as in upstream. Not so
 * after a strategic patch: that fills in an object of the kind, whatever it says of itself.
 * @throws StatusError 400 for an object of another kind, for {@link refusedPatch}
 */
export function patchedForm(resource: Resource, object: ApiObject, { type }: Patch): Resource {
  const { kind } = resource
  if (isOfKind(kind, object)) return resource
  const expected = apiVersion(kind)
  const { apiVersion: version, kind: name } = object
  if (typeof version !== 'string' || typeof name !== 'string') return resource
  if (type === 'strategic' || (name === kind.kind && FORMER[version]?.includes(name))) {
    object.apiVersion = expected
    object.kind = kind.kind
    return resource
  }
  const given = { apiVersion: version || expected, kind: name || kind.kind, name: '' }
  const form = given.kind === kind.kind ? formAt(resource, given.apiVersion) : undefined
  if (form) return form
  if (kind.custom) return resource
  throw badRequest(unreadable(kind) + noConversion(kind, given))
}

/**
 * Versions that are no longer served and differ from those that are in nothing that is stored: upstream still reads what a patch
 * leaves in them.
 */
const FORMER: Readonly<Record<string, readonly string[]>> = {
  'apps/v1beta1': ['Deployment', 'StatefulSet'],
  'apps/v1beta2': ['DaemonSet', 'Deployment', 'ReplicaSet', 'StatefulSet'],
  'autoscaling/v2beta2': ['HorizontalPodAutoscaler'],
  'batch/v1beta1': ['CronJob'],
  'extensions/v1beta1': ['DaemonSet', 'Deployment', 'ReplicaSet'],
  'policy/v1beta1': ['PodDisruptionBudget'],
}

function isOfKind(kind: KindDeclaration, { apiVersion: version, kind: name }: ApiObject): boolean {
  const expected = apiVersion(kind)
  return (version || expected) === expected && (name || kind.kind) === kind.kind
}

/**
 * What is looked at first of a patched custom resource: whether it says what it is, which nothing fills in, and whether it is of
 * the kind and group it was. @throws StatusError 400 for {@link refusedPatch}, 422, 500
 */
export function checkPatchedType(declared: KindDeclaration, object: ApiObject): void {
  const { apiVersion: version, kind } = object
  for (const [field, value] of Object.entries({ apiVersion: version, kind })) {
    if (typeof value === 'string' || value === undefined || value === null) continue
    throw badRequest(unreadable(declared) + noText(field, value))
  }
  if (!kind)
    throw badRequest(`${unreadable(declared)}Object 'Kind' is missing in '${JSON.stringify(object)}'`)
  if (!version) throw internalError("Object 'apiVersion' is missing in 'object has no apiVersion field'")
  const isOther = kind !== declared.kind || version.split('/')[0] !== declared.group
  if (isOther) checkPatchedCustom(declared, object)
}

/** Custom resources are not converted for a patch (as upstream): one of another version is refused. @throws StatusError 422 */
export function checkPatchedCustom(kind: KindDeclaration, object: ApiObject): void {
  if (isOfKind(kind, object)) return
  const expected = apiVersion(kind)
  const { apiVersion: version = '', kind: name = '', metadata } = object
  if (typeof version !== 'string' || typeof name !== 'string') return
  const group = version.includes('/') ? version.split('/')[0]! : ''
  throw invalid({ group, kind: name }, metadata?.name ?? '', [
    ...(name === kind.kind ? [] : [invalidValue('kind', name, `must be ${kind.kind}`)]),
    ...(version === expected ? [] : [invalidValue('apiVersion', version, `must be ${expected}`)]),
  ])
}

/** Says of fields that a patch gives twice what was asked for. @throws StatusError 400 under `Strict` */
export function tellDuplicates(
  kind: KindDeclaration,
  duplicates: readonly string[],
  validation: FieldValidation,
  warn: (message: string) => void,
): void {
  if (duplicates.length === 0 || validation === 'Ignore') return
  if (validation === 'Strict') {
    throw badRequest(`${unreadable(kind)}strict decoding error: ${duplicates.join(', ')}`)
  }
  for (const fault of duplicates) warn(fault)
}
