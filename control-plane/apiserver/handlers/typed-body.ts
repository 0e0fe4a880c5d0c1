import { apiVersion, type KindDeclaration } from '../../../api/kinds/kind.ts'
import type { ApiObject } from '../../../api/meta/object.ts'
import { badRequest } from '../../../api/meta/status.ts'
import { unreadable, validateFields } from '../../../api/schema/field-validation.ts'
import type { SchemaSet } from '../../../api/schema/schemas.ts'
import type { Resource } from '../kind-registry.ts'
import { mediaType, parseObject, readBody } from '../pipeline/body.ts'
import { numberFault } from '../pipeline/not-finite.ts'
import { JSON_TYPE } from '../pipeline/respond.ts'
import type { ApiContext } from '../pipeline/state.ts'
import { type Core, keyOf, type Target } from '../rest/core.ts'
import { checkKind } from '../rest/metadata.ts'
import { readAroundKnown, wholeObject } from './known-parts.ts'
import { fieldValidation } from './options.ts'
import { TemplateReader } from './template-reader.ts'

/** An object that a client sent. */
interface TypedBody {
  object: ApiObject
  /** What is said of its fields. */
  faults: readonly string[]
  /** Reads it once more: who tries a second time needs it as it came. */
  again(): Promise<ApiObject>
}

/** Reads an object of a kind from a body and checks its fields. @throws StatusError 400, 415 */
async function parseTyped(
  ctx: ApiContext,
  { schemas }: Core,
  { kind }: Resource,
  body: Buffer,
): Promise<TypedBody> {
  const { object, duplicates } = await parse(ctx, kind, body)
  const text = mediaType(ctx) === JSON_TYPE ? body.toString() : undefined
  const faults = validateFields(schemas, kind, object, fieldValidation(ctx), text, duplicates)
  for (const fault of faults) ctx.state.warnings.add(fault)
  const again = () => readAgain(ctx, schemas, kind, body)
  return { object, faults, again }
}

async function parse(
  ctx: ApiContext,
  kind: KindDeclaration,
  body: Buffer,
): Promise<{ object: ApiObject; duplicates?: string | undefined }> {
  const expected = { kind: kind.kind, apiVersion: apiVersion(kind) }
  const { object, duplicates } = await parseObject(ctx, body, expected)
  if (kind.custom) {
    refuseNumbers(ctx, kind, body, object)
    await checkGivenType(kind, body, object)
  }
  checkKind(kind, object)
  return { object: keepReset(object as ApiObject), duplicates }
}

/** Refuses a custom resource with a number that would be stored as `null`; other kinds have fields for what they take. */
function refuseNumbers(ctx: ApiContext, kind: KindDeclaration, body: Buffer, object: object): void {
  const fault = mediaType(ctx) === JSON_TYPE && numberFault(body.toString(), object)
  if (fault) throw badRequest(unreadable(kind) + fault)
}

/** A custom resource has to say what it is: nothing is filled in for it. @throws StatusError 400 */
async function checkGivenType(
  declared: KindDeclaration,
  body: Buffer,
  { apiVersion: version, kind }: Record<string, unknown>,
): Promise<void> {
  if (!kind) {
    const { unrecognized } = await import('../pipeline/unreadable.ts')
    throw unrecognized(declared.kind, `Object 'Kind' is missing in '${body}'`, body)
  }
  if (version === null) {
    const why = '.apiVersion accessor error: <nil> is of the type <nil>, expected string'
    throw badRequest(unreadable({ ...declared, version: '' }) + why)
  }
  if (!version) {
    const expected = apiVersion(declared)
    throw badRequest(`the API version in the data () does not match the expected API version (${expected})`)
  }
}

/** Reads once more what is known to be well. */
async function readAgain(
  ctx: ApiContext,
  schemas: SchemaSet,
  kind: KindDeclaration,
  body: Buffer,
): Promise<ApiObject> {
  const { object } = await parse(ctx, kind, body)
  validateFields(schemas, kind, object, 'Ignore')
  return object
}

/** An object that is to replace another one. */
interface ChangedBody extends Omit<TypedBody, 'faults'> {
  /** The stored object, where parts of this one were taken from it: they are not those of any other. */
  stored?: ApiObject
}

/**
 * Reads an object that is to replace a stored one: what is the same in both is not looked at where that can be told.
 * @throws StatusError 400, 413, 415
 */
export async function readChanged(
  ctx: ApiContext,
  core: Core,
  resource: Resource,
  target: Target,
): Promise<ChangedBody> {
  const { schemas } = core
  const { kind } = resource
  const body = await readBody(ctx.req)
  const validation = fieldValidation(ctx)
  const stored = validation === 'Ignore' ? undefined : settledObject(resource, target)
  const known = stored && mediaType(ctx) === JSON_TYPE ? readAroundKnown(body.toString(), stored) : undefined
  if (!known) return await parseTyped(ctx, core, resource, body)
  checkKind(kind, known.object)
  if (validateFields(schemas, kind, known.object, validation, known.text).length > 0) {
    return await parseTyped(ctx, core, resource, body)
  }
  return { object: wholeObject(known), stored: stored!, again: () => readAgain(ctx, schemas, kind, body) }
}

/** The stored object, where its spec is known to be well. */
function settledObject({ cache, kind, storage }: Resource, target: Target): ApiObject | undefined {
  if (kind.custom || storage) return undefined
  const entry = cache.get(keyOf(target))
  return entry?.isSettled ? entry.outgoing : undefined
}

const templates = new WeakMap<KindDeclaration, TemplateReader>()

/**
 * Reads an object that is to be created: many are made from one template, and of those only what differs is looked at.
 * @throws StatusError 400, 413, 415
 */
export async function readNew(
  ctx: ApiContext,
  core: Core,
  resource: Resource,
): Promise<{ object: ApiObject; template?: object }> {
  const { kind } = resource
  const body = await readBody(ctx.req)
  const validation = fieldValidation(ctx)
  if (kind.custom || mediaType(ctx) !== JSON_TYPE) return await parseTyped(ctx, core, resource, body)
  const reader = readerOf(kind)
  const text = body.toString()
  const known = reader.read<ApiObject>(text, (head, headText) => {
    if (head.kind !== kind.kind || head.apiVersion !== apiVersion(kind)) return false
    keepReset(head)
    for (const fault of validateFields(core.schemas, kind, head, validation, headText))
      ctx.state.warnings.add(fault)
    return true
  })
  if (known) return known
  const { object, faults } = await parseTyped(ctx, core, resource, body)
  if (faults.length === 0 && validation !== 'Ignore') reader.learn(text, object)
  return { object }
}

function readerOf(kind: KindDeclaration): TemplateReader {
  let reader = templates.get(kind)
  if (!reader) {
    reader = new TemplateReader()
    templates.set(kind, reader)
  }
  return reader
}

/** An empty list is left out when read; of managedFields it says that they are to be given up. */
export function keepReset(object: ApiObject): ApiObject {
  const managed = object.metadata?.managedFields
  if (Array.isArray(managed) && managed.length === 0) object.metadata.managedFields = [{}]
  return object
}
