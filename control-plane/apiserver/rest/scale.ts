import { apiVersion } from '../../../api/kinds/kind.ts'
import { isNumber } from '../../../api/meta/json.ts'
import type { ApiObject } from '../../../api/meta/object.ts'
import { labelSelector } from '../../../api/meta/selectors.ts'
import { badRequest, internalError, invalid, invalidValue } from '../../../api/meta/status.ts'
import { jsonType } from '../../../api/schema/decode-state.ts'
import type { Resource } from '../kind-registry.ts'
import { applyTo, checkConfiguration } from './apply.ts'
import type { Core, Target, WriteContext } from './core.ts'
import { get } from './get.ts'
import { update } from './update.ts'

/** autoscaling/v1 Scale of an object. */
export function scaleOf({ kind }: Resource, object: ApiObject): ApiObject {
  const paths = kind.subresources!.scale!
  const { name, namespace, uid, resourceVersion, creationTimestamp } = object.metadata
  const selector = paths.labelSelectorPath ? selectorText(read(object, paths.labelSelectorPath)) : undefined
  return {
    apiVersion: 'autoscaling/v1',
    kind: 'Scale',
    metadata: {
      name,
      ...(namespace && { namespace }),
      ...(uid && { uid }),
      ...(resourceVersion && { resourceVersion }),
      ...(creationTimestamp && { creationTimestamp }),
    },
    spec: { replicas: read(object, paths.specReplicasPath) ?? 0 },
    status: { replicas: read(object, paths.statusReplicasPath) ?? 0, ...(selector && { selector }) },
  }
}

/** @throws StatusError 404, 500 for a custom object that does not say how many there should be */
export async function getScale(resource: Resource, target: Target): Promise<ApiObject> {
  const { object } = await get(resource, target)
  const { specReplicasPath } = resource.kind.subresources!.scale!
  if (resource.kind.custom && read(object, specReplicasPath) === undefined) {
    throw internalError(`the spec replicas field ${JSON.stringify(specReplicasPath)} does not exist`)
  }
  return scaleOf(resource, object)
}

/** Writes `spec.replicas` of a Scale into its object. `apply` makes the wanted Scale from the present one. */
export async function updateScale(
  core: Core,
  resource: Resource,
  target: Target,
  apply: (scale: ApiObject) => ApiObject | Promise<ApiObject>,
  context: WriteContext,
): Promise<ApiObject> {
  const { entry } = await update(
    core,
    resource,
    {
      target,
      subresource: 'scale',
      async apply(current) {
        const object = current!.bareCopy()
        const scale = await apply(scaleOf(resource, object))
        checkScale(scale, target)
        object.metadata.resourceVersion = scale.metadata?.resourceVersion as string
        if (scale.metadata?.uid) object.metadata.uid = scale.metadata.uid
        writeScale(resource, object, scale)
        return object
      },
    },
    context,
  )
  return scaleOf(resource, entry.object)
}

/** Writes what a Scale wants into its object. */
export function writeScale({ kind }: Resource, object: ApiObject, scale: ApiObject): void {
  write(object, kind.subresources!.scale!.specReplicasPath, scale.spec?.replicas ?? 0)
}

/** Applies a Scale: whoever does comes to own the object's `spec.replicas`, by the subresource. */
export async function applyScale(
  core: Core,
  resource: Resource,
  target: Target,
  { config, force }: { config: ApiObject; force: boolean },
  context: WriteContext,
): Promise<ApiObject> {
  const scale = checkScaleConfiguration(core, config)
  const { kind } = resource
  const own: ApiObject = {
    apiVersion: apiVersion(kind),
    kind: kind.kind,
    metadata: { ...scale.metadata, name: target.name },
  }
  const replicas = scale.spec?.replicas
  if (replicas !== undefined) {
    checkScale(scale, target)
    write(own, kind.subresources!.scale!.specReplicasPath, replicas)
  }
  const request = { subresource: 'scale', config: own, force }
  const { entry } = await update(
    core,
    resource,
    {
      target,
      subresource: 'scale',
      isApplied: true,
      apply: current => applyTo(core, resource, current, request, context),
    },
    context,
  )
  return scaleOf(resource, entry.object)
}

const SCALE = {
  group: 'autoscaling',
  version: 'v1',
  kind: 'Scale',
  schema: 'io.k8s.api.autoscaling.v1.Scale',
}

/** @throws StatusError 400, 500 */
function checkScaleConfiguration(core: Core, config: ApiObject): ApiObject {
  checkConfiguration(core, SCALE, config)
  const { name, namespace, uid, resourceVersion } = config.metadata ?? {}
  const metadata = {
    ...(name && { name }),
    ...(namespace && { namespace }),
    ...(uid && { uid }),
    ...(resourceVersion && { resourceVersion }),
  }
  return { ...config, metadata: metadata as ApiObject['metadata'] }
}

function checkScale(scale: ApiObject, { name }: Target): void {
  if (scale.kind !== 'Scale') throw badRequest(`expected a Scale, got ${JSON.stringify(scale.kind ?? '')}`)
  const replicas = scale.spec?.replicas ?? 0
  if (!Number.isInteger(replicas)) {
    throw badRequest(
      `Scale in version "v1" cannot be handled as a Scale: json: cannot unmarshal ${shownNumber(replicas)} into Go struct field ScaleSpec.spec.replicas of type int32`,
    )
  }
  if (replicas < 0) {
    throw invalid({ group: 'autoscaling', kind: 'Scale' }, name, [
      invalidValue('spec.replicas', replicas, 'must be greater than or equal to 0'),
    ])
  }
}

/** A number that no int32 holds is told of itself, all else by its type. */
const shownNumber = (value: unknown): string => (isNumber(value) ? `number ${value}` : jsonType(value))

const segments = (path: string): string[] => path.split('.').filter(Boolean)

function read(object: ApiObject, path: string): any {
  return segments(path).reduce((value: any, segment) => value?.[segment], object)
}

function write(object: ApiObject, path: string, value: unknown): void {
  const parents = segments(path)
  const last = parents.pop()!
  const parent = parents.reduce((value: any, segment) => {
    value[segment] ??= {}
    return value[segment]
  }, object)
  parent[last] = value
}

/** A selector in text form: a string, a LabelSelector, or a plain map of labels (ReplicationController). */
function selectorText(selector: any): string | undefined {
  if (typeof selector !== 'object' || selector === null) return selector
  const isLabelSelector = 'matchLabels' in selector || 'matchExpressions' in selector
  return labelSelector(isLabelSelector ? selector : { matchLabels: selector }).toString()
}
