import type { ApiObject } from '../../../api/meta/object.ts'
import { badRequest, notFound } from '../../../api/meta/status.ts'
import type { Resource } from '../kind-registry.ts'
import { mediaType, parseObject, readBody } from '../pipeline/body.ts'
import type { ApiContext } from '../pipeline/state.ts'
import { sendEntry, sendValue } from '../representation/send.ts'
import type { Core, Target } from '../rest/core.ts'
import { create } from '../rest/create.ts'
import { checkFields } from '../rest/fields.ts'
import { updateScale } from '../rest/scale.ts'
import { update } from '../rest/update.ts'
import { fieldValidation, writeContext } from './options.ts'
import { applyPatch, readPatch } from './patch.ts'

/** Reads an object of a kind from the body and checks its fields. @throws StatusError 400, 413, 415 */
async function readTyped(
  ctx: ApiContext,
  core: Core,
  resource: Resource,
): Promise<{ object: ApiObject; again: () => Promise<ApiObject> }> {
  const type = mediaType(ctx)
  const body = await readBody(ctx.req)
  if (body.length === 0) {
    throw badRequest(
      `${resource.kind.kind} in version "${resource.kind.version}" cannot be handled as a ${resource.kind.kind}: the object provided is empty`,
    )
  }
  const parse = async () => (await parseObject(type, body)) as ApiObject
  const object = await parse()
  const warn = (message: string) => void ctx.state.warnings.add(message)
  const validation = fieldValidation(ctx)
  checkFields(core, resource.kind, object, {
    validation,
    warn,
    body: type === 'application/json' ? body : undefined,
  })
  const again = async () => {
    const copy = await parse()
    checkFields(core, resource.kind, copy, { validation: 'Ignore', warn, body: undefined })
    return copy
  }
  return { object, again }
}

export async function createHandler(
  ctx: ApiContext,
  core: Core,
  resource: Resource,
  namespace: string | undefined,
): Promise<void> {
  const context = writeContext(ctx)
  const { object } = await readTyped(ctx, core, resource)
  const { entry } = await create(core, resource, namespace, object, context)
  await sendEntry(ctx, 201, resource.kind, entry)
}

export async function updateHandler(
  ctx: ApiContext,
  core: Core,
  resource: Resource,
  target: Target,
  subresource: string,
): Promise<void> {
  const context = writeContext(ctx, 'UpdateOptions')
  const { object, again } = await readTyped(ctx, core, resource)
  let first: ApiObject | undefined = object
  const apply = async () => {
    const wanted = first ?? (await again())
    first = undefined
    return wanted
  }
  const { entry, isNew } = await update(core, resource, { target, subresource, apply }, context)
  await sendEntry(ctx, isNew ? 201 : 200, resource.kind, entry)
}

export async function patchHandler(
  ctx: ApiContext,
  core: Core,
  resource: Resource,
  target: Target,
  subresource: string,
): Promise<void> {
  const context = writeContext(ctx, 'PatchOptions')
  const validation = fieldValidation(ctx, 'PatchOptions')
  const patch = await readPatch(ctx, resource.kind)
  const { entry, isNew } = await update(
    core,
    resource,
    {
      target,
      subresource,
      apply(current) {
        if (!current) throw notFound(resource.kind, target.name)
        const object = applyPatch(core, resource.kind, current.copy(), patch)
        checkFields(core, resource.kind, object, { validation, warn: context.warn, body: undefined })
        return object
      },
    },
    context,
  )
  await sendEntry(ctx, isNew ? 201 : 200, resource.kind, entry)
}

/** PUT of a Scale. */
export async function updateScaleHandler(
  ctx: ApiContext,
  core: Core,
  resource: Resource,
  target: Target,
): Promise<void> {
  const body = await parseObject(mediaType(ctx), await readBody(ctx.req))
  const scale = await updateScale(
    core,
    resource,
    target,
    () => structuredClone(body) as ApiObject,
    writeContext(ctx, 'UpdateOptions'),
  )
  await sendValue(ctx, 200, scale)
}

/** PATCH of a Scale. */
export async function patchScaleHandler(
  ctx: ApiContext,
  core: Core,
  resource: Resource,
  target: Target,
): Promise<void> {
  const patch = await readPatch(ctx, resource.kind)
  const apply = (scale: ApiObject) => applyPatch(core, resource.kind, scale, patch)
  const scale = await updateScale(core, resource, target, apply, writeContext(ctx, 'PatchOptions'))
  await sendValue(ctx, 200, scale)
}
