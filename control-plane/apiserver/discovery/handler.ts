import { methodNotAllowed } from '../../../api/meta/status.ts'
import type { Aggregator } from '../aggregation/aggregator.ts'
import type { KindRegistry } from '../kind-registry.ts'
import { addFlowHeaders, JSON_TYPE, sendBody, sendJson } from '../pipeline/respond.ts'
import type { ApiContext } from '../pipeline/state.ts'
import { parseAccept } from '../representation/negotiate.ts'
import { type AggregatedDiscovery, aggregatedDiscovery } from './aggregated.ts'
import { apiGroup, apiGroupList, coreVersions, sortedGroups } from './groups.ts'
import { notServed } from './not-served.ts'
import { resourceList } from './resources.ts'

/** Answers `/api`, `/apis` and what is below them, out of the kinds that are served now. */
export class DiscoveryHandler {
  #kinds: KindRegistry
  #address: string
  #remote: Aggregator | undefined
  #aggregated = new Map<string, { generation: string; answer: AggregatedDiscovery }>()

  /** `address` is where clients are told to find the server, `host:port`. */
  constructor(kinds: KindRegistry, address: string, remote?: Aggregator) {
    this.#kinds = kinds
    this.#remote = remote
    this.#address = address
  }

  async handle(ctx: ApiContext): Promise<void> {
    const [root, group, version, ...more] = ctx.state.info.path.split('/').filter(Boolean)
    // The list of groups is the aggregator's, which does not look at the method.
    if (ctx.state.info.method !== 'GET' && (root === 'api' || group)) throw methodNotAllowed()
    if (more.length > 0) return await notServed(ctx, this.#kinds)
    if (root === 'api') return await this.#core(ctx, group)
    if (group === undefined) return await this.#groups(ctx)
    const versions = sortedGroups(this.#kinds, this.#remote).find(([name]) => name === group)?.[1]
    if (!versions) return await notServed(ctx, this.#kinds)
    if (version === undefined) return await sendJson(ctx, 200, apiGroup(group, versions))
    if (!versions.includes(version)) return await notServed(ctx, this.#kinds)
    await sendJson(ctx, 200, resourceList(this.#kinds, group, version))
  }

  /** The paths that are answered here. */
  paths(): string[] {
    const groups = sortedGroups(this.#kinds).flatMap(([group, versions]) => [
      `/apis/${group}`,
      ...versions.map(version => `/apis/${group}/${version}`),
    ])
    return ['/api', '/api/v1', '/apis', ...groups]
  }

  async #core(ctx: ApiContext, version: string | undefined): Promise<void> {
    if (version === 'v1') return await sendJson(ctx, 200, resourceList(this.#kinds, '', 'v1'))
    if (version !== undefined) return await notServed(ctx, this.#kinds)
    const aggregated = wantsAggregated(ctx)
    if (aggregated) return await this.#sendAggregated(ctx, '/api', aggregated)
    await sendJson(ctx, 200, coreVersions(this.#address))
  }

  async #groups(ctx: ApiContext): Promise<void> {
    const aggregated = wantsAggregated(ctx)
    if (aggregated) return await this.#sendAggregated(ctx, '/apis', aggregated)
    await sendJson(ctx, 200, apiGroupList(this.#kinds, this.#remote))
  }

  async #sendAggregated(ctx: ApiContext, path: '/api' | '/apis', version: string): Promise<void> {
    const { body, etag } = this.#document(path, version)
    const headers = { etag, vary: 'Accept' }
    if (ctx.req.headers['if-none-match'] === etag) {
      if (ctx.state.flow) addFlowHeaders(headers, ctx.state.flow)
      ctx.res.writeHead(304, headers)
      ctx.res.end()
      return
    }
    const type = `${JSON_TYPE};g=apidiscovery.k8s.io;v=${version};as=APIGroupDiscoveryList`
    await sendBody(ctx, 200, type, body, headers)
  }

  #document(path: '/api' | '/apis', version: string): AggregatedDiscovery {
    const id = `${path} ${version}`
    const known = this.#aggregated.get(id)
    const generation = `${this.#kinds.generation} ${this.#remote?.generation}`
    if (known?.generation === generation) return known.answer
    const answer = aggregatedDiscovery(this.#kinds, path, version, this.#remote)
    this.#aggregated.set(id, { generation, answer })
    return answer
  }
}

/** The version of aggregated discovery a client takes, if the clause comes before plain JSON. */
function wantsAggregated(ctx: ApiContext): string | undefined {
  for (const { type, parameters } of parseAccept(ctx.req.headers.accept ?? '')) {
    if (type !== JSON_TYPE) continue
    if (!parameters.has('as')) return undefined
    const version = parameters.get('v') ?? ''
    const isServed = parameters.get('g') === 'apidiscovery.k8s.io' && ['v2', 'v2beta1'].includes(version)
    if (isServed && parameters.get('as') === 'APIGroupDiscoveryList') return version
  }
  return undefined
}
