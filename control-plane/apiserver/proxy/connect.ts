import { endpoints, nodes, pods, services } from '../../../api/kinds/core.ts'
import type { KindDeclaration } from '../../../api/kinds/kind.ts'
import { joinUpgrade, requestUpgrade } from '../../../api/streaming/upgrade.ts'
import { upgradeOf } from '../http-server.ts'
import type { ApiContext } from '../pipeline/state.ts'
import { createBackendFinder } from './backends.ts'
import type { ConnectOptions } from './connect-options.ts'
import { passedOnHeaders } from './headers.ts'
import { createKubeletFinder } from './kubelets.ts'
import { relay, toSlash } from './relay.ts'
import type { ConnectTarget } from './target.ts'
import { offeredProtocols, wantsWebSocket } from './websocket-request.ts'

/** What is looked at to find where a connection to a resource leads. */
const LOOKED_AT: Record<string, readonly KindDeclaration<any>[]> = {
  pods: [pods, nodes],
  nodes: [nodes],
  services: [services, endpoints],
}

/**
 * Answers the subresources that lead out of the API server: `pods/log`, `exec`, `attach` and `portforward` by the Pod's
 * kubelet, `nodes/proxy` by the node's, `pods/proxy` and `services/proxy` by the Pod itself.
 */
export function createConnector(options: ConnectOptions): (ctx: ApiContext) => Promise<void> {
  const findKubelet = createKubeletFinder(options)
  const findBackend = createBackendFinder(options.informers)
  return async ctx => {
    const { resource, subresource } = ctx.state.info
    const isBackend = subresource === 'proxy' && resource !== 'nodes'
    await options.current(LOOKED_AT[resource] ?? [])
    const target = isBackend ? await findBackend(ctx) : findKubelet(ctx)
    if (upgradeOf(ctx.req)) await takeOver(ctx, target)
    else if (subresource !== 'proxy' || !toSlash(ctx)) await relay(ctx, target)
  }
}

/** An upgrade request: translated where the caller speaks a newer protocol than kubelets do, else passed on as it is. */
async function takeOver(ctx: ApiContext, target: ConnectTarget): Promise<void> {
  const { subresource } = ctx.state.info
  const offered = offeredProtocols(ctx)
  if (subresource === 'log' && wantsWebSocket(ctx)) {
    const { streamLog } = await import('./websocket-log.ts')
    return await streamLog(ctx, target)
  }
  if (offered.includes('v5.channel.k8s.io') && ['exec', 'attach'].includes(subresource)) {
    const { translateChannels } = await import('./websocket-channels.ts')
    return await translateChannels(ctx, target)
  }
  if (offered.includes('SPDY/3.1+portforward.k8s.io') && subresource === 'portforward') {
    const { tunnelSpdy } = await import('./websocket-tunnel.ts')
    return await tunnelSpdy(ctx, target)
  }
  await passUpgrade(ctx, target)
}

/** Passes an upgrade request on as it is, and joins the two connections when it is taken. */
export async function passUpgrade(ctx: ApiContext, target: ConnectTarget): Promise<void> {
  const { socket, head } = upgradeOf(ctx.req)!
  const answer = await requestUpgrade({
    ...target,
    method: ctx.method,
    headers: { ...passedOnHeaders(ctx, 'upgrade'), ...target.headers },
  }).catch(target.unreachable)
  await joinUpgrade(answer, socket, head)
}
