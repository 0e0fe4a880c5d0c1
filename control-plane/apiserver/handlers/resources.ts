import type { KindDeclaration } from '../../../api/kinds/kind.ts'
import {
  badRequest,
  goQuote,
  methodNotAllowed,
  notAcceptable,
  notFound,
  type StatusError,
} from '../../../api/meta/status.ts'
import { isPathSegmentName } from '../../../api/meta/validation.ts'
import { subresourceHandlers } from '../../registry/subresources.ts'
import { notServed } from '../discovery/not-served.ts'
import { verbsOf } from '../discovery/resources.ts'
import type { Resource } from '../kind-registry.ts'
import type { RequestInfo } from '../pipeline/request-info.ts'
import type { ApiContext } from '../pipeline/state.ts'
import { checkRoute, negotiate } from '../representation/negotiate.ts'
import type { Target } from '../rest/core.ts'
import { getScale } from '../rest/scale.ts'
import { componentStatusHandler } from './component-status.ts'
import { connectHandler } from './connect.ts'
import { deleteCollectionHandler, deleteHandler } from './delete.ts'
import { getHandler, listHandler } from './read.ts'
import type { ResourceOptions } from './resource-options.ts'
import { reviewHandler } from './review.ts'
import { watchHandler } from './watch.ts'
import {
  createHandler,
  patchHandler,
  patchScaleHandler,
  sendScale,
  updateHandler,
  updateScaleHandler,
} from './write.ts'

const CONNECTIONS = new Set(['attach', 'exec', 'log', 'portforward', 'proxy'])

/** Answers a request for a resource; what is not served gets a 404. */
export async function resourceHandler(ctx: ApiContext, options: ResourceOptions): Promise<void> {
  const { info } = ctx.state
  const resource = options.kinds.find(info.group, info.version, info.resource)
  if (!resource || !isInScope(resource, info)) return await notServed(ctx, options.kinds)
  if (info.method === 'HEAD' && info.subresource !== 'proxy') throw methodNotAllowed()
  if (info.name !== undefined && ODD_NAME.test(info.name)) throw oddName(info.name)
  if (!info.subresource && !verbsOf(resource.kind).some(verb => verb === info.verb)) throw methodNotAllowed()
  if (resource.kind.deprecation) tellDeprecation(ctx, resource.kind)
  if (!CONNECTIONS.has(info.subresource ?? '')) checkAccept(ctx, resource)
  if (resource.kind.stored === false) return await notStored(ctx, resource, options)
  if (info.subresource) return await subresource(ctx, resource, options)
  await verb(ctx, resource, options)
}

/** Nothing is done for who takes no form of the answer. @throws StatusError 406 */
function checkAccept(ctx: ApiContext, { kind }: Resource): void {
  const { accept } = ctx.req.headers
  if (!accept) return
  const { verb } = ctx.state.info
  const isList = verb === 'list' || verb === 'watch'
  if (!kind.custom) checkRoute(accept, isList)
  const { form, isList: wantsList } = negotiate(accept, !kind.custom)
  if (form === 'metadata' && verb !== 'watch' && isList !== wantsList) throw wrongMetadata(kind, isList)
}

/** Whoever asks for metadata must say whether it is that of a list. Upstream names the type in its code. */
function wrongMetadata(kind: KindDeclaration, isList: boolean): StatusError {
  const home = kind.custom ? 'unstructured' : kind.group.split('.', 1)[0] || 'core'
  const name = kind.custom ? 'Unstructured' : kind.kind
  const asked = isList ? 'PartialObjectMetadata' : 'PartialObjectMetadataList'
  const is = isList ? 'a list' : 'not a list'
  return notAcceptable(
    [],
    `you requested ${asked}, but the requested object is ${is} (*${home}.${name}${isList ? 'List' : ''})`,
  )
}

/** Tells the client, the audit log and the metrics that an API is not to be used any more. */
function tellDeprecation({ state }: ApiContext, { deprecation = '', custom }: Resource['kind']): void {
  state.warnings.add(deprecation)
  const removed = (!custom && /unavailable in v(\d+\.\d+)\+/.exec(deprecation)?.[1]) || ''
  state.removedRelease = removed
  state.annotations ??= {}
  state.annotations['k8s.io/deprecated'] = 'true'
  if (removed) state.annotations['k8s.io/removed-release'] = removed
}

/** What no object can be called, as it is part of a path. */
const ODD_NAME = /^\.{1,2}$|%/

const oddName = (name: string): StatusError =>
  badRequest(`Name parameter invalid: ${goQuote(name)}: ${isPathSegmentName(name).join(';')}`)

/**
 * Cluster-scoped resources are not in namespaces, and those in namespaces are only listed across them.
 * @throws StatusError 405 for what else is asked of a list across namespaces
 */
function isInScope({ kind }: Resource, { namespace, name, resource, verb }: RequestInfo): boolean {
  if (!kind.namespaced) return namespace === undefined || (resource === 'namespaces' && name === namespace)
  if (namespace !== undefined) return true
  if (name !== undefined || !verbsOf(kind).includes('list')) return false
  if (verb === 'list' || verb === 'watch') return true
  throw methodNotAllowed()
}

/** Kinds that are answered and not stored: reviews are created, the states of components are looked up. */
async function notStored(ctx: ApiContext, resource: Resource, options: ResourceOptions): Promise<void> {
  const { verb } = ctx.state.info
  if (verb === 'create') return await reviewHandler(ctx, resource, options)
  const { client } = options.review
  await componentStatusHandler(ctx, resource, { client, store: options.core.store })
}

const targetOf = ({ kind }: Resource, { namespace, name }: RequestInfo): Target => ({
  namespace: kind.namespaced ? namespace : undefined,
  name: name!,
})

async function verb(ctx: ApiContext, resource: Resource, { core }: ResourceOptions): Promise<void> {
  const { info } = ctx.state
  const target = targetOf(resource, info)
  switch (info.verb) {
    case 'get':
      return await getHandler(ctx, resource, target)
    case 'list':
      return await listHandler(ctx, resource)
    case 'watch':
      return await watchHandler(ctx, core.store, resource)
    case 'create':
      if (info.name !== undefined) throw methodNotAllowed()
      return await createHandler(ctx, core, resource, target.namespace)
    case 'update':
      return await updateHandler(ctx, core, resource, requireName(target), '')
    case 'patch':
      return await patchHandler(ctx, core, resource, requireName(target), '')
    case 'delete':
      return await deleteHandler(ctx, core, resource, target)
    case 'deletecollection':
      return await deleteCollectionHandler(ctx, core, resource)
    default:
      throw methodNotAllowed()
  }
}

function requireName(target: Target): Target {
  if (target.name === undefined) throw methodNotAllowed()
  return target
}

async function subresource(ctx: ApiContext, resource: Resource, options: ResourceOptions): Promise<void> {
  const { info } = ctx.state
  const { status, scale, other = {} } = resource.kind.subresources ?? {}
  const { subresource: name } = info
  const isKnown = (name === 'status' && status) || (name === 'scale' && scale) || Object.hasOwn(other, name)
  if (!isKnown) return await notServed(ctx, options.kinds)
  if (CONNECTIONS.has(name)) return await connectHandler(ctx, resource, targetOf(resource, info), options)
  if (name === 'scale') return await scaleSubresource(ctx, resource, options)
  const handler = subresourceHandlers[`${resource.type}/${name}`]
  if (handler) return await reviewHandler(ctx, resource, options, handler)
  await objectSubresource(ctx, resource, options)
}

/** Subresources that are the object itself, of which only a part is written (`status`, `finalize`, `resize` …). */
async function objectSubresource(
  ctx: ApiContext,
  resource: Resource,
  { core }: ResourceOptions,
): Promise<void> {
  const { info } = ctx.state
  const target = targetOf(resource, info)
  const verbs = resource.kind.subresources?.other?.[info.subresource]?.verbs
  if (verbs && !verbs.includes(info.verb)) throw methodNotAllowed()
  if (info.verb === 'get') return await getHandler(ctx, resource, target)
  if (info.verb === 'update') return await updateHandler(ctx, core, resource, target, info.subresource)
  if (info.verb === 'patch') return await patchHandler(ctx, core, resource, target, info.subresource)
  throw methodNotAllowed()
}

async function scaleSubresource(
  ctx: ApiContext,
  resource: Resource,
  { core }: ResourceOptions,
): Promise<void> {
  const { info } = ctx.state
  const target = targetOf(resource, info)
  if (!target.name) throw notFound(resource.kind, '')
  if (info.verb === 'get') return await sendScale(ctx, await getScale(resource, target))
  if (info.verb === 'update') return await updateScaleHandler(ctx, core, resource, target)
  if (info.verb === 'patch') return await patchScaleHandler(ctx, core, resource, target)
  throw methodNotAllowed()
}
