import type { Client, InformerFactory } from '../../../api/client/client.ts'
import { createWorkQueue } from '../../../api/client/work-queue.ts'
import { type ApiService, apiServices } from '../../../api/kinds/apiregistration.ts'
import { endpoints, services } from '../../../api/kinds/core.ts'
import { isNotFound } from '../../../api/meta/status.ts'
import type { OpenApiV2 } from '../../../api/schema/openapi/document.ts'
import type { Logger } from '../../../plugins/plugin.ts'
import type { KeyPair } from '../../auth/certificates.ts'
import { upgradeOf } from '../http-server.ts'
import { sendText } from '../pipeline/respond.ts'
import type { ApiContext } from '../pipeline/state.ts'
import { passUpgrade } from '../proxy/connect.ts'
import { relay } from '../proxy/relay.ts'
import type { ConnectTarget } from '../proxy/target.ts'
import { checkAvailability, isAvailable } from './availability.ts'
import { findRemote, identityHeaders, type Remote } from './remote.ts'
import { type RemoteDocuments, readDocuments, readOpenApiV2 } from './remote-documents.ts'

export interface AggregatorOptions {
  client: Client
  informers: InformerFactory
  /** What is shown to remote servers. */
  frontProxy: KeyPair
  log: Logger
}

/** Remote servers are looked at so often while all is well, and after so long when not. Milliseconds. */
const LOOK_AGAIN = 30_000
const LOOK_SOON = 1_000

/** Passes requests for API groups that other servers serve on to them, and shows these groups as if they were served here. */
export class Aggregator {
  /** Rises with every change of what is shown. */
  generation = 0
  #options: AggregatorOptions
  #remote = new Map<string, ApiService>()
  #documents = new Map<string, RemoteDocuments>()
  #queue = createWorkQueue()
  #isFollowing = false

  constructor(options: AggregatorOptions) {
    this.#options = options
  }

  /** Resolves when all that is registered by now is known. */
  async start(signal: AbortSignal): Promise<void> {
    const informer = this.#options.informers.informer(apiServices)
    const take = (service: ApiService): void => this.#take(service)
    informer.addHandler({
      added: take,
      updated: take,
      deleted: service => this.#forget(service.metadata.name),
    })
    signal.addEventListener('abort', () => this.#queue.shutDown(), { once: true })
    await informer.synced()
    void this.#work()
  }

  /** The remote APIService of a group version, undefined for what is served here. */
  find(group: string, version: string): ApiService | undefined {
    return this.#remote.get(`${version}.${group}`)
  }

  /** All remote APIServices. */
  all(): ApiService[] {
    return [...this.#remote.values()]
  }

  documents({ metadata }: ApiService): RemoteDocuments | undefined {
    return this.#documents.get(metadata.name)
  }

  /** OpenAPI v2 documents of all remote servers that can be reached. */
  async openApiV2(): Promise<OpenApiV2[]> {
    const found = await Promise.all(
      this.all().map(async service => {
        const remote = isAvailable(service) && (await this.#locate(service))
        return remote && typeof remote !== 'string' ? await readOpenApiV2(remote) : undefined
      }),
    )
    return found.filter(document => document !== undefined)
  }

  /** Passes a request on to the server behind an APIService. */
  async handle(ctx: ApiContext, service: ApiService): Promise<void> {
    const remote = isAvailable(service) ? await this.#locate(service) : 'service unavailable'
    if (typeof remote === 'string') return await sendText(ctx, 503, 'service unavailable\n')
    const target = this.#target(ctx, remote)
    if (upgradeOf(ctx.req)) return await passUpgrade(ctx, target)
    try {
      await relay(ctx, target)
    } catch (error) {
      if (!(error instanceof Unreachable)) throw error
      this.#queue.add(service.metadata.name)
      await sendText(ctx, 503, `error trying to reach service: ${error.message}\n`)
    }
  }

  #target(ctx: ApiContext, { address, tls }: Remote): ConnectTarget {
    return {
      ...address,
      path: ctx.url,
      tls,
      headers: { ...identityHeaders(ctx.state.user), host: tls.servername! },
      unreachable(cause) {
        throw new Unreachable(cause.message, { cause })
      },
    }
  }

  #locate(service: ApiService): Promise<Remote | string> {
    return findRemote(service, this.#options.informers, this.#options.frontProxy)
  }

  #take(service: ApiService): void {
    const { name } = service.metadata
    if (!service.spec.service) {
      this.#forget(name)
      return
    }
    const before = this.#remote.get(name)
    this.#remote.set(name, service)
    this.generation++
    this.#follow()
    if (before?.metadata.resourceVersion !== service.metadata.resourceVersion) this.#queue.add(name)
  }

  #forget(name: string): void {
    this.#documents.delete(name)
    if (this.#remote.delete(name)) this.generation++
  }

  /** Services and their endpoints are only followed where there is something behind them. */
  #follow(): void {
    if (this.#isFollowing) return
    this.#isFollowing = true
    const look = ({ metadata }: { metadata: { name: string; namespace?: string } }): void => {
      for (const { spec, metadata: own } of this.#remote.values()) {
        const { namespace, name } = spec.service!
        if (namespace === metadata.namespace && name === metadata.name) this.#queue.add(own.name)
      }
    }
    const handler = { added: look, updated: look, deleted: look }
    this.#options.informers.informer(services).addHandler(handler)
    this.#options.informers.informer(endpoints).addHandler(handler)
  }

  async #work(): Promise<void> {
    for (let name = await this.#queue.take(); name !== undefined; name = await this.#queue.take()) {
      const service = this.#remote.get(name)
      try {
        if (service) this.#queue.addAfter(name, (await this.#look(service)) ? LOOK_AGAIN : LOOK_SOON)
        this.#queue.forget(name)
      } catch (error) {
        this.#options.log.debug(
          { service: name, error: (error as Error).message },
          'cannot look at remote API',
        )
        this.#queue.addRateLimited(name)
      } finally {
        this.#queue.done(name)
      }
    }
  }

  /** Whether the server behind it answers; what it says of itself is read anew. */
  async #look(service: ApiService): Promise<boolean> {
    const isThere = await checkAvailability(service, this.#options).catch(error => {
      if (isNotFound(error)) return false
      throw error
    })
    const remote = isThere ? await this.#locate(service) : undefined
    if (!remote || typeof remote === 'string') return false
    const { name } = service.metadata
    const documents = await readDocuments(remote, service)
    if (JSON.stringify(documents) === JSON.stringify(this.#documents.get(name))) return true
    this.#documents.set(name, documents)
    this.generation++
    return true
  }
}

/** A remote server that did not take the connection. */
class Unreachable extends Error {
  readonly code = 'UNREACHABLE'
}
