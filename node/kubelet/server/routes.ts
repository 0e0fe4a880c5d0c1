import type Koa from 'koa'
import type { Pod } from '../../../api/kinds/types.ts'
import { POD_NAME, POD_NAMESPACE, POD_UID } from '../containers/labels.ts'
import type { PodContext } from '../pods/context.ts'
import { RequestError } from './find-container.ts'
import { serveLogs } from './logs.ts'
import type { KubeletServerOptions } from './options.ts'
import { createStatsSummary, type StatsSummary } from './stats.ts'

/** Answers what is asked for by HTTP; streams are elsewhere. Throws a RequestError for what there is not. */
export type Route = (ctx: Koa.Context) => Promise<void>

/** Paths that need no rights: others ask whether we live. */
export const OPEN_PATHS = new Set(['/healthz', '/healthz/ping', '/healthz/syncloop'])

export function createRoutes(options: KubeletServerOptions): Route {
  const { context, workers } = options
  const summary = createStatsSummary(context)
  return async ctx => {
    const [, first = '', ...rest] = ctx.path.split('/').map(decodeURIComponent)
    if (OPEN_PATHS.has(ctx.path)) ctx.body = 'ok'
    else if (ctx.path === '/pods') ctx.body = podList(options.pods.list())
    else if (ctx.path === '/runningpods') ctx.body = podList(await runningPods(context))
    else if (ctx.path === '/configz') ctx.body = configz(context)
    else if (ctx.path === '/stats/summary') await serveSummary(ctx, summary, workers.activePods())
    else if (first === 'metrics') await serveMetrics(ctx, rest.join('/'), options)
    else if (first === 'containerLogs') await serveLogs(options, ctx, rest)
    else throw new RequestError(404, '404 page not found')
  }
}

const podList = (items: readonly unknown[]): object => ({
  kind: 'PodList',
  apiVersion: 'v1',
  metadata: {},
  items,
})

/** What the runtime runs, whoever asked for it. */
async function runningPods({ runtime }: PodContext): Promise<object[]> {
  const [sandboxes, containers] = await Promise.all([runtime.listPodSandbox(), runtime.listContainers()])
  const running = containers.filter(({ state }) => state === 'CONTAINER_RUNNING')
  return sandboxes
    .filter(({ state, labels }) => state === 'SANDBOX_READY' && labels[POD_UID])
    .map(({ id, labels }) => ({
      metadata: { name: labels[POD_NAME], namespace: labels[POD_NAMESPACE], uid: labels[POD_UID] },
      spec: {
        containers: running
          .filter(({ podSandboxId }) => podSandboxId === id)
          .map(({ metadata, image }) => ({ name: metadata.name, image: image.image, resources: {} })),
      },
      status: {},
    }))
}

const configz = ({ settings, dns }: PodContext): object => ({
  kubeletconfig: {
    enableServer: true,
    clusterDomain: dns.clusterDomain,
    clusterDNS: dns.clusterDNS,
    cgroupDriver: 'cgroupfs',
    ...settings,
  },
})

async function serveSummary(ctx: Koa.Context, summary: StatsSummary, pods: Pod[]): Promise<void> {
  ctx.body = await summary(pods, { onlyCpuAndMemory: ctx.query.only_cpu_and_memory === 'true' })
}

async function serveMetrics(
  ctx: Koa.Context,
  which: string,
  { context, workers }: KubeletServerOptions,
): Promise<void> {
  const { metrics } = context
  ctx.type = metrics.registry.contentType
  if (which === '') {
    await countRunning(context)
    ctx.body = await metrics.registry.metrics()
  } else if (which === 'probes') ctx.body = await metrics.probes.metrics()
  else if (which === 'resource' || which === 'cadvisor') {
    const { cadvisorMetrics, resourceMetrics } = await import('../metrics/resource-metrics.ts')
    const collect = which === 'resource' ? resourceMetrics : cadvisorMetrics
    ctx.body = await collect(context, workers.activePods())
  } else throw new RequestError(404, '404 page not found')
}

async function countRunning({ runtime, metrics }: PodContext): Promise<void> {
  const [sandboxes, containers] = await Promise.all([runtime.listPodSandbox(), runtime.listContainers()])
  const states = Map.groupBy(containers, ({ state }) => state.replace('CONTAINER_', '').toLowerCase())
  const ready = sandboxes.filter(({ state }) => state === 'SANDBOX_READY')
  metrics.running(ready.length, new Map([...states].map(([state, list]) => [state, list.length])))
}
