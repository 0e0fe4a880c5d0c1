import { methodNotAllowed } from '../../../api/meta/status.ts'
import type { Aggregator } from '../aggregation/aggregator.ts'
import type { KindRegistry } from '../kind-registry.ts'
import { addFlowHeaders, JSON_TYPE, sendBody, sendJson } from '../pipeline/respond.ts'
import type { ApiContext } from '../pipeline/state.ts'
import { checkRoute, negotiateDiscovery, YAML } from '../representation/negotiate.ts'
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
    if (version === undefined) return await send(ctx, apiGroup(group, versions))
    if (!versions.includes(version)) return await notServed(ctx, this.#kinds)
    if (this.#isBuiltIn(group, version)) checkRoute(ctx.req.headers.accept)
    await send(ctx, resourceList(this.#kinds, group, version))
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
    if (version !== undefined && version !== 'v1') return await notServed(ctx, this.#kinds)
    checkRoute(ctx.req.headers.accept)
    if (version) return await send(ctx, resourceList(this.#kinds, '', 'v1'))
    const { type, isAggregated } = negotiateDiscovery(ctx.req.headers.accept, true)
    if (isAggregated) return await this.#sendAggregated(ctx, '/api', type)
    await send(ctx, coreVersions(this.#address))
  }

  async #groups(ctx: ApiContext): Promise<void> {
    const { type, isAggregated } = negotiateDiscovery(ctx.req.headers.accept, true)
    if (isAggregated) return await this.#sendAggregated(ctx, '/apis', type)
    await send(ctx, apiGroupList(this.#kinds, this.#remote))
  }

  #isBuiltIn(group: string, version: string): boolean {
    return this.#kinds.inGroupVersion(group, version).some(({ kind }) => !kind.custom)
  }

  async #sendAggregated(ctx: ApiContext, path: '/api' | '/apis', type: string): Promise<void> {
    const { list, body, etag } = this.#document(path)
    const headers = { etag, vary: 'Accept', 'cache-control': 'public' }
    if (ctx.req.headers['if-none-match'] === etag) {
      if (ctx.state.flow) addFlowHeaders(headers, ctx.state.flow)
      ctx.res.writeHead(304, headers)
      ctx.res.end()
      return
    }
    // There is no form in protobuf: JSON is told apart by its type.
    const isYaml = type === YAML
    const bytes = isYaml ? await yaml(list) : body
    const parameters = 'g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList'
    await sendBody(ctx, 200, `${isYaml ? YAML : JSON_TYPE};${parameters}`, bytes, headers)
  }

  #document(path: '/api' | '/apis'): AggregatedDiscovery {
    const known = this.#aggregated.get(path)
    const generation = `${this.#kinds.generation} ${this.#remote?.generation}`
    if (known?.generation === generation) return known.answer
    const answer = aggregatedDiscovery(this.#kinds, path, this.#remote)
    this.#aggregated.set(path, { generation, answer })
    return answer
  }
}

/** Sends a document in the form that was asked for. @throws StatusError 406 */
async function send(ctx: ApiContext, document: object): Promise<void> {
  const { type } = negotiateDiscovery(ctx.req.headers.accept)
  if (type !== YAML) return await sendJson(ctx, 200, document)
  await sendBody(ctx, 200, type, await yaml(document))
}

async function yaml(document: object): Promise<Buffer> {
  const { writeYaml } = await import('../pipeline/yaml.ts')
  return writeYaml(document)
}
