import { apiVersion, type KindDeclaration } from '../../../api/kinds/kind.ts'
import type { ApiObject } from '../../../api/meta/object.ts'
import { methodNotAllowed } from '../../../api/meta/status.ts'
import { validateFields } from '../../../api/schema/field-validation.ts'
import type { AdmissionAttributes } from '../../../plugins/admission.ts'
import type { SubresourceHandler } from '../../registry/subresources/handler.ts'
import { reviewHandlers } from '../../registry/subresources.ts'
import type { Resource } from '../kind-registry.ts'
import { parseObject, readBody } from '../pipeline/body.ts'
import type { ApiContext } from '../pipeline/state.ts'
import { refuseOnlyTable } from '../representation/negotiate.ts'
import { sendValue } from '../representation/send.ts'
import { type Core, Effects } from '../rest/core.ts'
import { definitionOf } from '../rest/definitions.ts'
import { recordOwners } from '../rest/managed-fields.ts'
import { checkType } from '../rest/metadata.ts'
import { writeContext } from './options.ts'
import type { ResourceOptions } from './resource-options.ts'

/**
 * Answers a create that stores nothing of its own: a review (SubjectAccessReview …) or a subresource with a handler of
 * its own (binding, eviction, token).
 */
export async function reviewHandler(
  ctx: ApiContext,
  resource: Resource,
  { core, review }: ResourceOptions,
  subresourceHandler?: SubresourceHandler,
): Promise<void> {
  const { info, user } = ctx.state
  if (info.verb !== 'create') throw methodNotAllowed()
  const handler = subresourceHandler ?? reviewHandlers[resource.type]
  if (!handler) throw methodNotAllowed()
  refuseOnlyTable(ctx.req.headers.accept)
  const spoken = spokenKind(resource.kind, subresourceHandler ? info.subresource : undefined)
  const expected = { kind: spoken.kind, apiVersion: apiVersion(spoken) }
  const object = (await parseObject(ctx, await readBody(ctx.req), expected)).object as ApiObject
  normalize(ctx, spoken, object)
  const namespace = resource.kind.namespaced ? info.namespace : undefined
  const name = info.name ?? object.metadata.name ?? ''
  const context = writeContext(ctx)
  if (resource.kind.stored === false && !subresourceHandler) {
    await recordOwners(core, resource, object, { subresource: '', old: undefined }, context)
  }
  const answerIt = (): Promise<ApiObject> =>
    handler({
      kind: resource.kind,
      name,
      namespace,
      object,
      user,
      dryRun: context.dryRun,
      ...review,
      now: new Date(),
    })
  const effects = new Effects()
  const attributes = effects.attributes(resource, context, {
    operation: 'CREATE',
    target: { namespace, name },
    subresource: info.subresource ?? '',
    object,
    oldObject: undefined,
  })
  await sendValue(ctx, 201, await admitted(core, attributes, effects, answerIt))
}

/** What becomes of a write that admission sees first, and may refuse. */
async function admitted(
  { admission }: Core,
  attributes: AdmissionAttributes,
  effects: Effects,
  write: () => Promise<ApiObject>,
): Promise<ApiObject> {
  try {
    await admission.mutate(attributes)
    await admission.validate(attributes)
    const answer = await write()
    await effects.finish()
    return answer
  } catch (error) {
    await effects.undo()
    throw error
  }
}

/** The kind that is to be sent: the resource's own, or the one its subresource takes. */
function spokenKind(kind: KindDeclaration, subresource = ''): KindDeclaration {
  const spoken = kind.subresources?.other?.[subresource]
  return spoken
    ? {
        ...kind,
        group: spoken.group ?? kind.group,
        version: spoken.version ?? kind.version,
        kind: spoken.kind,
      }
    : kind
}

/** Evictions are the same in both versions. */
const OLD_POLICY = 'policy/v1beta1'

/** Nulls and unknown fields go, as when any object is decoded. @throws StatusError 400 */
function normalize({ state }: ApiContext, kind: KindDeclaration, object: ApiObject): void {
  const { schemas } = state
  if (object.apiVersion === OLD_POLICY) object.apiVersion = apiVersion(kind)
  checkType(kind, object)
  const schema = definitionOf(schemas, object.apiVersion, object.kind)
  if (!schema) return
  const faults = validateFields(schemas, { kind: kind.kind, version: kind.version, schema }, object, 'Warn')
  for (const fault of faults) state.warnings.add(fault)
}
