import { scaleColumns } from '../../../api/kinds/columns/autoscaling.ts'
import type { KindDeclaration } from '../../../api/kinds/kind.ts'
import { cloneJson } from '../../../api/meta/clone.ts'
import type { ApiObject } from '../../../api/meta/object.ts'
import { notFound } from '../../../api/meta/status.ts'
import { type FieldValidation, validateFields } from '../../../api/schema/field-validation.ts'
import type { Entry } from '../cache/entry.ts'
import type { Resource } from '../kind-registry.ts'
import { mediaType, parseObject, readBody } from '../pipeline/body.ts'
import type { ApiContext } from '../pipeline/state.ts'
import { includeObject, sendEntry, sendValue, tableVersion, wantsTable } from '../representation/send.ts'
import { tableOf } from '../representation/table.ts'
import { applyTo } from '../rest/apply.ts'
import type { Core, Target, WriteContext } from '../rest/core.ts'
import { create } from '../rest/create.ts'
import { checkTarget } from '../rest/metadata.ts'
import { applyScale, updateScale } from '../rest/scale.ts'
import { fromStored, storageOf, toStored } from '../rest/storage.ts'
import { update } from '../rest/update.ts'
import { APPLY_TYPE, readApply } from './apply.ts'
import { fieldValidation, writeContext } from './options.ts'
import {
  applyPatch,
  checkPatchedCustom,
  checkPatchedType,
  patchBase,
  patchedForm,
  refusedPatch,
  tellDuplicates,
  touchedMembers,
} from './patch.ts'
import { readPatch } from './read-patch.ts'
import { keepReset, readChanged, readNew } from './typed-body.ts'

const SCALE = { kind: 'Scale', columns: scaleColumns }
const SCALE_KIND = { kind: 'Scale', apiVersion: 'autoscaling/v1' }

export async function createHandler(
  ctx: ApiContext,
  core: Core,
  resource: Resource,
  namespace: string | undefined,
): Promise<void> {
  const context = writeContext(ctx)
  const { object, template } = await readNew(ctx, core, resource)
  // What another form is made into may depend on more than its spec.
  const options = { form: resource, template: resource.storage ? undefined : template }
  const wanted = toStored(resource, object)
  const { entry } = await create(core, storageOf(resource), namespace, wanted, context, options)
  await sendEntry(ctx, 201, resource.kind, fromStored(resource, entry))
}

export async function updateHandler(
  ctx: ApiContext,
  core: Core,
  resource: Resource,
  target: Target,
  subresource: string,
): Promise<void> {
  const context = writeContext(ctx, 'UpdateOptions')
  const { object, stored, again } = await readChanged(ctx, core, resource, target)
  checkTarget(resource.kind, object, target)
  let first: ApiObject | undefined = object
  const apply = (current: Entry | undefined) => {
    const wanted = stored && current?.object !== stored ? undefined : first
    first = undefined
    if (wanted) return toStored(resource, wanted)
    return again().then(copy => toStored(resource, copy))
  }
  const { entry, isNew } = await update(
    core,
    storageOf(resource),
    { target, subresource, apply, form: resource },
    context,
  )
  await sendEntry(ctx, isNew ? 201 : 200, resource.kind, fromStored(resource, entry))
}

export async function patchHandler(
  ctx: ApiContext,
  core: Core,
  resource: Resource,
  target: Target,
  subresource: string,
): Promise<void> {
  const context = writeContext(ctx, 'PatchOptions')
  if (mediaType(ctx) === APPLY_TYPE)
    return await applyHandler(ctx, core, resource, target, subresource, context)
  const validation = fieldValidation(ctx, 'PatchOptions')
  const { patch, duplicates } = await readPatch(ctx, resource.kind)
  const { entry, isNew } = await update(
    core,
    storageOf(resource),
    {
      target,
      subresource,
      form: resource,
      isPatch: true,
      apply(current) {
        if (!current) throw notFound(resource.kind, target.name)
        const wanted = patch()
        const base = patchBase(fromStored(resource, current), wanted)
        const touched = touchedMembers(wanted)
        let object = keepReset(applyPatch(core, resource.kind, base, wanted))
        let form = resource
        try {
          if (resource.kind.custom) checkPatchedType(resource.kind, object)
          form = patchedForm(resource, object, wanted)
          // All of it is read anew in another form.
          if (form !== resource) object = cloneJson(object)
          tellDuplicates(form.kind, duplicates, validation, context.warn)
          const read = form === resource ? touched : undefined
          for (const fault of validatePatched(core, form.kind, object, validation, read)) context.warn(fault)
          if (form.kind.custom) checkPatchedCustom(resource.kind, object)
        } catch (error) {
          const fresh = patchBase(fromStored(resource, current), wanted)
          throw refusedPatch(
            form.kind,
            patch(),
            again => applyPatch(core, resource.kind, fresh, again),
            error,
          )
        }
        return toStored(form, object)
      },
    },
    context,
  )
  await sendEntry(ctx, isNew ? 201 : 200, resource.kind, fromStored(resource, entry))
}

/** Checks the fields of a patched object: what the patch does not touch was read when it was stored. */
function validatePatched(
  { schemas }: Core,
  kind: KindDeclaration,
  object: ApiObject,
  validation: FieldValidation,
  touched: readonly string[] | undefined,
): string[] {
  if (!touched || kind.custom) return validateFields(schemas, kind, object, validation)
  const part: Record<string, unknown> = {}
  for (const member of touched) if (object[member] !== undefined) part[member] = object[member]
  const faults = validateFields(schemas, kind, part, validation)
  for (const member of touched) {
    if (part[member] === undefined) delete object[member]
    else object[member] = part[member]
  }
  return faults
}

/** Sends a Scale in the form asked for. */
export async function sendScale(ctx: ApiContext, scale: ApiObject): Promise<void> {
  if (!wantsTable(ctx)) return await sendValue(ctx, 200, scale)
  const metadata = { resourceVersion: scale.metadata.resourceVersion! }
  await sendValue(
    ctx,
    200,
    tableOf(SCALE, [{ object: scale }], metadata, includeObject(ctx), tableVersion(ctx)),
  )
}

/** Server-side apply. */
async function applyHandler(
  ctx: ApiContext,
  core: Core,
  resource: Resource,
  target: Target,
  subresource: string,
  context: WriteContext,
): Promise<void> {
  const body = await readApply(ctx)
  const apply = async (current: Entry | undefined) => {
    const before = current && fromStored(resource, current)
    return toStored(resource, await applyTo(core, resource, before, { ...body, subresource }, context))
  }
  const request = { target, subresource, apply, isApplied: true, form: resource }
  const { entry, isNew } = await update(core, storageOf(resource), request, context)
  await sendEntry(ctx, isNew ? 201 : 200, resource.kind, fromStored(resource, entry))
}

/** PUT of a Scale. */
export async function updateScaleHandler(
  ctx: ApiContext,
  core: Core,
  resource: Resource,
  target: Target,
): Promise<void> {
  const { object: body } = await parseObject(ctx, await readBody(ctx.req), SCALE_KIND)
  const scale = await updateScale(
    core,
    resource,
    target,
    () => cloneJson(body) as ApiObject,
    writeContext(ctx, 'UpdateOptions'),
  )
  await sendScale(ctx, scale)
}

/** PATCH of a Scale. */
export async function patchScaleHandler(
  ctx: ApiContext,
  core: Core,
  resource: Resource,
  target: Target,
): Promise<void> {
  const context = writeContext(ctx, 'PatchOptions')
  if (mediaType(ctx) === APPLY_TYPE) {
    return await sendScale(ctx, await applyScale(core, resource, target, await readApply(ctx), context))
  }
  const { patch } = await readPatch(ctx, resource.kind)
  const apply = (scale: ApiObject) => applyPatch(core, resource.kind, scale, patch())
  const scale = await updateScale(core, resource, target, apply, context)
  await sendScale(ctx, scale)
}
