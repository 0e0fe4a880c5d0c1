import { createHash } from 'node:crypto'
import { promisify } from 'node:util'
import { gunzipSync, gzip } from 'node:zlib'
import type { OpenApiV2 } from './document.ts'
import type { OpenApiInput } from './input.ts'
import { openApiV2 } from './v2.ts'
import { openApiV3, openApiV3Index } from './v3.ts'

const compress = promisify(gzip)

/** A document ready to be sent. */
export interface OpenApiDocument {
  contentType: string
  /** Quoted, as the `ETag` header has it. */
  etag: string
  /** The body, compressed with gzip. */
  gzip: Buffer
}

export const JSON_TYPE = 'application/json'
/** What clients ask for. */
export const PROTOBUF_V2_ACCEPT = 'application/com.github.proto-openapi.spec.v2@v1.0+protobuf'
/** What they are answered: `@` is no legal character of a media type, and Go's parser refuses it. */
export const PROTOBUF_V2_TYPE = 'application/com.github.proto-openapi.spec.v2.v1.0+protobuf'

/** What `/openapi/v3/…` is answered in protobuf, for the same reason. */
export const PROTOBUF_V3_TYPE = 'application/com.github.proto-openapi.spec.v3.v1.0+protobuf'

/** Our own document with what other servers add to it; where both have something under one name, ours stays. */
async function wholeV2(input: OpenApiInput): Promise<OpenApiV2> {
  const own = openApiV2(input, input.schemas.descriptions())
  for (const { paths = {}, definitions = {} } of (await input.remote?.v2()) ?? []) {
    own.paths = { ...paths, ...own.paths }
    own.definitions = { ...definitions, ...own.definitions }
  }
  return own
}

/**
 * Makes OpenAPI documents when they are first asked for and keeps only their compressed form: what they are made of is
 * large, and kubectl asks once an hour.
 */
export class OpenApiDocuments {
  readonly #input: () => OpenApiInput
  readonly #documents = new Map<string, Promise<OpenApiDocument | undefined>>()
  #kinds: OpenApiInput['kinds'] | undefined

  /** @param input is asked on every call; when its list of kinds is another one, all documents are made anew. */
  constructor(input: () => OpenApiInput) {
    this.#input = input
  }

  /** `/openapi/v3`. */
  index(): Promise<OpenApiDocument | undefined> {
    return this.#document('v3', input => JSON.stringify(openApiV3Index(input)))
  }

  /** The place of a document of v3 as the index has it, with the hash of what it is now. */
  async placeOf(path: string): Promise<string | undefined> {
    const index = await this.index()
    if (!index) return undefined
    const { paths } = JSON.parse(gunzipSync(index.gzip).toString()) as OpenApiIndex
    return paths[path.slice('/openapi/v3/'.length)]?.serverRelativeURL
  }

  /** `/openapi/v3/<name>`, where the name is `api/v1` or `apis/<group>/<version>`. Undefined when there is no such group version. */
  groupVersion(name: string): Promise<OpenApiDocument | undefined> {
    return this.#document(`v3/${name}`, input => {
      const document = openApiV3(input, name, input.schemas.descriptions())
      return document && JSON.stringify(document)
    })
  }

  /** {@link groupVersion} in protobuf, which few clients ask for. */
  groupVersionProtobuf(name: string): Promise<OpenApiDocument | undefined> {
    return this.#document(
      `v3-protobuf/${name}`,
      async input => {
        const document = openApiV3(input, name, input.schemas.descriptions())
        if (!document) return undefined
        const { encodeOpenApiV3 } = await import('./v3-protobuf.ts')
        return encodeOpenApiV3(document)
      },
      PROTOBUF_V3_TYPE,
    )
  }

  /** `/openapi/v2` as JSON. */
  v2Json(): Promise<OpenApiDocument | undefined> {
    return this.#document('v2', async input => JSON.stringify(await wholeV2(input)))
  }

  /** `/openapi/v2` as old kubectl wants it. */
  v2Protobuf(): Promise<OpenApiDocument | undefined> {
    return this.#document(
      'v2-protobuf',
      async input => {
        const { encodeOpenApiV2 } = await import('./v2-protobuf.ts')
        return encodeOpenApiV2(await wholeV2(input))
      },
      PROTOBUF_V2_TYPE,
    )
  }

  #document(
    key: string,
    make: (input: OpenApiInput) => Content | Promise<Content>,
    contentType = JSON_TYPE,
  ): Promise<OpenApiDocument | undefined> {
    const input = this.#input()
    if (input.kinds !== this.#kinds) this.#documents.clear()
    this.#kinds = input.kinds
    const known = this.#documents.get(key)
    if (known) return known
    const document = finish(async () => make(input), contentType)
    this.#keep(key, document)
    return document
  }

  /** Names that lead nowhere are not kept, or anybody could fill the memory with them. */
  #keep(key: string, document: Promise<OpenApiDocument | undefined>): void {
    this.#documents.set(key, document)
    const forget = (): void => {
      if (this.#documents.get(key) === document) this.#documents.delete(key)
    }
    document.then(found => found ?? forget(), forget)
  }
}

interface OpenApiIndex {
  paths: Record<string, { serverRelativeURL: string } | undefined>
}

type Content = string | Uint8Array | undefined

async function finish(
  make: () => Promise<Content>,
  contentType: string,
): Promise<OpenApiDocument | undefined> {
  const content = await make()
  if (content === undefined) return undefined
  const etag = `"${createHash('sha512').update(content).digest('hex').toUpperCase()}"`
  return { contentType, etag, gzip: await compress(content) }
}
