import type { Registry } from 'prom-client'
import type { ApiService } from '../../api/kinds/apiregistration.ts'
import type { Logger } from '../../plugins/plugin.ts'
import type { Aggregator } from './aggregation/aggregator.ts'
import type { DiscoveryHandler } from './discovery/handler.ts'
import { checksOf, type Health, healthHandler } from './discovery/health.ts'
import type { OpenApiHandler } from './discovery/openapi.ts'
import { CONFIGURATION_PATH, KEYS_PATH, type OpenIdHandler } from './discovery/openid.ts'
import { versionHandler } from './discovery/version.ts'
import type { FlowControl } from './fairness/flow-control.ts'
import type { ResourceOptions } from './handlers/resource-options.ts'
import { resourceHandler } from './handlers/resources.ts'
import { sendBody, sendJson, sendText } from './pipeline/respond.ts'
import type { ApiContext } from './pipeline/state.ts'

/** What answers each part of the URL space. */
export interface Routes {
  resources: ResourceOptions
  discovery: DiscoveryHandler
  openapi: OpenApiHandler
  openid: OpenIdHandler
  /** Answers for groups that other servers serve. */
  aggregator: Aggregator
  health: Health
  /** Priority and fairness, unless it is switched off. */
  fairness: FlowControl | undefined
  registry: Registry
  /** Metrics of how well the server is, apart from the others. */
  indicators: Registry
  log: Logger
}

const SLI_PATH = '/metrics/slis'

/** Hands a request to what answers its path. */
export async function route(ctx: ApiContext, routes: Routes): Promise<void> {
  const { info } = ctx.state
  const service = remoteService(ctx, routes)
  if (service) {
    // The server that answers counts its requests itself.
    ctx.state.initialized?.()
    return await routes.aggregator.handle(ctx, service)
  }
  if (info.isResourceRequest) return await resourceHandler(ctx, routes.resources)
  const [, root] = info.path.split('/')
  switch (root) {
    case 'api':
    case 'apis':
      return await routes.discovery.handle(ctx)
    case 'openapi':
      return await routes.openapi.handle(ctx)
    case '.well-known':
    case 'openid':
      return await routes.openid.handle(ctx)
    case 'healthz':
    case 'livez':
    case 'readyz':
      return await healthHandler(ctx, routes.health, routes.log)
    case 'version':
      return await versionHandler(ctx)
    case 'metrics':
      return await sendMetrics(ctx, routes)
    case 'debug':
      return await debugHandler(ctx, routes)
    default:
      if (info.path === '/') return await sendJson(ctx, 200, { paths: rootPaths(routes) })
      return await sendText(ctx, 404, '404 page not found\n')
  }
}

/** The APIService whose server `/apis/GROUP/VERSION…` is answered by, if that is another one. */
function remoteService({ state }: ApiContext, { aggregator }: Routes): ApiService | undefined {
  const [, root, group, version] = state.info.path.split('/')
  return root === 'apis' && group && version ? aggregator.find(group, version) : undefined
}

/** What is rarely asked for, and loaded then. */
async function debugHandler(ctx: ApiContext, { fairness }: Routes): Promise<void> {
  const { DUMP_PATH, dumpHandler } = await import('./fairness/dump.ts')
  if (fairness && ctx.state.info.path.startsWith(DUMP_PATH)) return await dumpHandler(ctx, fairness)
  await sendText(ctx, 404, '404 page not found\n')
}

async function sendMetrics(ctx: ApiContext, { registry: all, indicators }: Routes): Promise<void> {
  const { path } = ctx.state.info
  if (path !== '/metrics' && path !== SLI_PATH) return await sendText(ctx, 404, '404 page not found\n')
  const registry = path === SLI_PATH ? indicators : all
  await sendBody(ctx, 200, registry.contentType, Buffer.from(await registry.metrics()))
}

/** What `/` lists: every path that is answered without a resource being named. */
function rootPaths({ discovery, health: { checks } }: Routes): string[] {
  const health = ['healthz', 'livez', 'readyz'].flatMap(endpoint => [
    `/${endpoint}`,
    ...checksOf(endpoint, checks).map(({ name }) => `/${endpoint}/${name}`),
  ])
  return [
    ...discovery.paths(),
    '/apis/',
    ...health,
    CONFIGURATION_PATH,
    KEYS_PATH,
    '/metrics',
    SLI_PATH,
    '/openapi/v2',
    '/openapi/v3',
    '/openapi/v3/',
    '/version',
  ].sort()
}
