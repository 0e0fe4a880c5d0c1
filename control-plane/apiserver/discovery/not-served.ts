import { pathNotFound } from '../../../api/meta/status.ts'
import type { KindRegistry } from '../kind-registry.ts'
import { sendText } from '../pipeline/respond.ts'
import type { ApiContext } from '../pipeline/state.ts'

/**
 * Answers a request below `/api` or `/apis` for what is not served. As upstream: a Status where the group is one of the
 * server's own, plain text elsewhere.
 * @throws StatusError 404
 */
export async function notServed(ctx: ApiContext, kinds: KindRegistry): Promise<void> {
  const [, root, group] = ctx.state.info.path.split('/')
  if (root === 'api' || kinds.all().some(({ kind }) => kind.group === group && !kind.custom))
    throw pathNotFound()
  await sendText(ctx, 404, '404 page not found\n')
}
