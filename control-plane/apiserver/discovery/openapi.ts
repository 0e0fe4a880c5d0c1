import type { KindDeclaration } from '../../../api/kinds/kind.ts'
import type { OpenApiDocument, OpenApiDocuments } from '../../../api/schema/openapi/documents.ts'
import type { SchemaSet } from '../../../api/schema/schemas.ts'
import type { Aggregator } from '../aggregation/aggregator.ts'
import type { KindRegistry } from '../kind-registry.ts'
import { addFlowHeaders, sendBody, sendText } from '../pipeline/respond.ts'
import type { ApiContext } from '../pipeline/state.ts'
import { parseAccept } from '../representation/negotiate.ts'
import { VERSION } from './version.ts'

const DOCUMENTED_FOREVER = 'public, immutable'

const PROTOBUF = /^application\/com\.github\.proto-openapi\.spec\.(v[23])[@.]v1\.0\+protobuf$/
type DocumentForm = 'json' | 'protobuf'

const JSON_OR_ANY = new Set(['application/json', 'application/*', '*/*'])

/** The first form that is to be had of a document, by the weights of `Accept`; undefined where it names none. */
function wantedForm(accept: string, version: string): DocumentForm | undefined {
  for (const { type } of parseAccept(accept || '*/*')) {
    if (JSON_OR_ANY.has(type)) return 'json'
    if (PROTOBUF.exec(type)?.[1] === version) return 'protobuf'
  }
  return undefined
}

const isIndex = ({ state }: ApiContext): boolean => state.info.path === '/openapi/v3'

const YEAR_MS = 365 * 24 * 3600 * 1000
/** As upstream says it, whose clock is that of no time zone. */
const inAYear = (): string => new Date(Date.now() + YEAR_MS).toUTCString().replace('GMT', 'UTC')

/** Answers `/openapi/v2` and `/openapi/v3…` out of the kinds that are served now. Its code is loaded when first asked. */
export class OpenApiHandler {
  #kinds: KindRegistry
  #schemas: SchemaSet
  #documents: Promise<OpenApiDocuments> | undefined
  #remote: Aggregator | undefined
  #listed: { generation: string; kinds: readonly KindDeclaration[] } | undefined

  constructor(kinds: KindRegistry, schemas: SchemaSet, remote?: Aggregator) {
    this.#remote = remote
    this.#kinds = kinds
    this.#schemas = schemas
  }

  async handle(ctx: ApiContext): Promise<void> {
    const [, , api, root, group, version] = ctx.state.info.path.split('/')
    const service = api === 'v3' && group && version ? this.#remote?.find(group, version) : undefined
    if (service) return await this.#remote!.handle(ctx, service)
    const form = api === 'v2' || root ? wantedForm(ctx.get('accept'), api!) : 'json'
    const document = await this.#find(ctx, form)
    if (!document) return await sendText(ctx, 404, '404 page not found\n')
    if (!form) {
      ctx.res.writeHead(406, { vary: 'Accept' })
      ctx.res.end()
      return
    }
    const { etag } = document
    const contentType = isIndex(ctx) ? 'text/plain; charset=utf-8' : document.contentType
    const hash = ctx.state.info.query.get('hash')
    if (hash && api === 'v3') {
      const place = await (await this.#documents)?.placeOf(ctx.state.info.path)
      if (place && !place.endsWith(`?hash=${hash}`)) return await redirect(ctx, place)
    }
    const headers = {
      ...(isIndex(ctx) ? {} : { etag, vary: api === 'v2' ? 'Accept-Encoding, Accept' : 'Accept' }),
      ...(hash && { 'cache-control': DOCUMENTED_FOREVER, expires: inAYear() }),
    }
    if (ctx.req.headers['if-none-match'] === etag) {
      if (ctx.state.flow) addFlowHeaders(headers, ctx.state.flow)
      ctx.res.writeHead(304, headers)
      ctx.res.end()
      return
    }
    if (/\bgzip\b/.test(ctx.get('accept-encoding'))) {
      return await sendBody(ctx, 200, contentType, document.gzip, { ...headers, 'content-encoding': 'gzip' })
    }
    const { gunzipSync } = await import('node:zlib')
    await sendBody(ctx, 200, contentType, gunzipSync(document.gzip), headers)
  }

  async #find(ctx: ApiContext, form: DocumentForm | undefined): Promise<OpenApiDocument | undefined> {
    this.#documents ??= this.#load()
    const documents = await this.#documents
    const [, , version, ...rest] = ctx.state.info.path.split('/')
    const name = rest.join('/')
    if (isIndex(ctx)) return await documents.index()
    if (version === 'v3')
      return form === 'protobuf'
        ? await documents.groupVersionProtobuf(name)
        : await documents.groupVersion(name)
    if (ctx.state.info.path !== '/openapi/v2') return undefined
    return form === 'protobuf' ? await documents.v2Protobuf() : await documents.v2Json()
  }

  async #load(): Promise<OpenApiDocuments> {
    const { OpenApiDocuments } = await import('../../../api/schema/openapi/documents.ts')
    const { gitVersion } = VERSION
    return new OpenApiDocuments(() => ({
      kinds: this.#list(),
      schemas: this.#schemas,
      version: gitVersion,
      remote: { places: this.#places(), v2: async () => (await this.#remote?.openApiV2()) ?? [] },
    }))
  }

  /** Where the documents of other servers' groups are. */
  #places(): Record<string, { serverRelativeURL: string }> {
    const entries = (this.#remote?.all() ?? []).flatMap(service => {
      const place = this.#remote!.documents(service)?.openApiV3
      return place ? [[`apis/${service.spec.group}/${service.spec.version}`, place]] : []
    })
    return Object.fromEntries(entries)
  }

  /** The same array as long as the kinds are the same: the documents are kept for as long. */
  #list(): readonly KindDeclaration[] {
    const generation = `${this.#kinds.generation} ${this.#remote?.generation}`
    if (this.#listed?.generation !== generation) {
      this.#listed = { generation, kinds: this.#kinds.all().map(({ kind }) => kind) }
    }
    return this.#listed.kinds
  }
}

/** A document that has changed since is elsewhere: what stands at the old place may be kept for ever. */
function redirect(ctx: ApiContext, location: string): Promise<void> {
  const body = Buffer.from(`<a href="${location}">Moved Permanently</a>.\n\n`)
  return sendBody(ctx, 301, 'text/html; charset=utf-8', body, { location })
}
