import { apiVersion, type KindDeclaration } from '../../../api/kinds/kind.ts'
import type { ApiObject } from '../../../api/meta/object.ts'
import { validateFields } from '../../../api/schema/field-validation.ts'
import type { Resource } from '../kind-registry.ts'
import { mediaType, parseObject, readBody } from '../pipeline/body.ts'
import { JSON_TYPE } from '../pipeline/respond.ts'
import type { ApiContext } from '../pipeline/state.ts'
import type { Core } from '../rest/core.ts'
import { checkKind } from '../rest/metadata.ts'
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

/** Reads an object of a kind from the body and checks its fields. @throws StatusError 400, 413, 415 */
export async function readTyped(ctx: ApiContext, core: Core, resource: Resource): Promise<TypedBody> {
  const body = await readBody(ctx.req)
  return await parseTyped(ctx, core, resource, body)
}

async function parseTyped(
  ctx: ApiContext,
  { schemas }: Core,
  { kind }: Resource,
  body: Buffer,
): Promise<TypedBody> {
  const expected = { kind: kind.kind, apiVersion: apiVersion(kind) }
  const parse = async () => {
    const parsed = await parseObject(ctx, body, expected)
    checkKind(kind, parsed.object)
    return { object: keepReset(parsed.object as ApiObject), duplicates: parsed.duplicates }
  }
  const { object, duplicates } = await parse()
  const text = mediaType(ctx) === JSON_TYPE ? body.toString() : undefined
  const faults = validateFields(schemas, kind, object, fieldValidation(ctx), text, duplicates)
  for (const fault of faults) ctx.state.warnings.add(fault)
  const again = async () => {
    const { object: copy } = await parse()
    validateFields(schemas, kind, copy, 'Ignore')
    return copy
  }
  return { object, faults, again }
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
