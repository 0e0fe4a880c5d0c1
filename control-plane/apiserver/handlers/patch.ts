import type { Patch } from '../../../api/client/client.ts'
import type { KindDeclaration } from '../../../api/kinds/kind.ts'
import { cloneJson } from '../../../api/meta/clone.ts'
import { goText } from '../../../api/meta/go-text.ts'
import { keptSpec, withoutSpec, withSpec } from '../../../api/meta/kept-spec.ts'
import type { ApiObject } from '../../../api/meta/object.ts'
import { applyJsonPatch } from '../../../api/meta/patch/json.ts'
import { applyMergePatch } from '../../../api/meta/patch/merge.ts'
import { isMap } from '../../../api/meta/patch/own.ts'
import { applyStrategicPatch } from '../../../api/meta/patch/strategic.ts'
import {
  badRequest,
  invalid,
  invalidValue,
  isStatusError,
  StatusError,
  unsupportedMediaType,
} from '../../../api/meta/status.ts'
import { jsonType } from '../../../api/schema/decode-state.ts'
import { unreadable } from '../../../api/schema/field-validation.ts'
import type { Entry } from '../cache/entry.ts'
import { mediaType, noObject, readBody } from '../pipeline/body.ts'
import type { ApiContext } from '../pipeline/state.ts'
import type { Core } from '../rest/core.ts'
import { APPLY_TYPE, refuseForce } from './apply.ts'

const TYPES: Record<string, Patch['type']> = {
  'application/json-patch+json': 'json',
  'application/merge-patch+json': 'merge',
  'application/strategic-merge-patch+json': 'strategic',
}

const PLAIN_TYPES = Object.keys(TYPES).filter(type => TYPES[type] !== 'strategic')

/**
 * Reads a patch from the body; the media type says which sort it is. What it returns gives the patch anew for each try,
 * as applying one uses it up.
 * @throws StatusError 400, 413, 415
 */
export async function readPatch(ctx: ApiContext, kind: KindDeclaration): Promise<() => Patch> {
  const type = TYPES[mediaType(ctx)]
  if (!type || (type === 'strategic' && !hasPatchKeys(kind))) {
    throw unsupportedPatch(kind)
  }
  refuseForce(ctx)
  const text = await readBody(ctx.req)
  const parse = (): unknown => JSON.parse(text.toString()) ?? (type === 'json' ? [] : {})
  let body: unknown
  try {
    body = parse()
  } catch {
    const { jsonFault } = await import('../pipeline/json-fault.ts')
    throw badRequest(`error decoding patch: ${jsonFault(text)}`)
  }
  if (type !== 'json' && !isMap(body)) {
    throw badRequest(
      `error decoding patch: json: cannot unmarshal ${jsonType(body)} into Go value of type map[string]interface {}`,
    )
  }
  let isFresh = true
  return () => {
    const patch = { type, body: isFresh ? body : parse() }
    isFresh = false
    return patch
  }
}

/** What is said of a type that no patch has: by upstream's router, which custom resources do not come by. */
function unsupportedPatch(kind: KindDeclaration): StatusError {
  if (kind.custom) return unsupportedMediaType([...PLAIN_TYPES, APPLY_TYPE])
  return new StatusError({ ...unsupportedMediaType([]).status, message: '415: Unsupported Media Type' })
}

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

/** Strategic merge needs the patch keys of the kind's schema: custom resources have none. */
const hasPatchKeys = (kind: KindDeclaration): boolean => !kind.custom

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
  const shown = patch.type === 'strategic' ? goText(patch.body) : JSON.stringify(apply(patch))
  const why = error.message.slice(prefix.length)
  return invalid({ group: '', kind: '' }, '', [invalidValue('patch', shown, why)])
}
