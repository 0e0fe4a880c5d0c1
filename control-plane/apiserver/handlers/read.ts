import type { Resource } from '../kind-registry.ts'
import type { ApiContext } from '../pipeline/state.ts'
import { sendEntry, sendList } from '../representation/send.ts'
import type { Target } from '../rest/core.ts'
import { get } from '../rest/get.ts'
import { list } from '../rest/list.ts'
import { checkRevision } from '../rest/list-options.ts'
import { integer, listOptions } from './options.ts'

export async function getHandler(ctx: ApiContext, resource: Resource, target: Target): Promise<void> {
  const resourceVersion = ctx.state.info.query.get('resourceVersion') ?? undefined
  checkRevision(resourceVersion)
  await sendEntry(ctx, 200, resource.kind, await get(resource, target, resourceVersion))
}

export async function listHandler(ctx: ApiContext, resource: Resource): Promise<void> {
  integer(ctx.state.info.query, 'timeoutSeconds')
  await sendList(ctx, resource.kind, await list(resource, listOptions(ctx)))
}
