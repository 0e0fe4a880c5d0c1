import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { builtinKinds } from '../../api/kinds/builtin.ts'
import { ALL_VERBS, apiVersion, groupVersionPath } from '../../api/kinds/kind.ts'
import { type OpenApiDocument, OpenApiDocuments } from '../../api/schema/openapi/documents.ts'
import { loadSchemas } from '../../api/schema/schemas.ts'

/** A server of discovery and OpenAPI alone, for asking kubectl whether it can read our documents. */
export interface OpenApiServer {
  url: string
  /** Paths asked for, in order, with the media type wanted. */
  asked: { path: string; accept: string }[]
  close(): Promise<void>
}

export async function startOpenApiServer(): Promise<OpenApiServer> {
  const schemas = loadSchemas()
  const documents = new OpenApiDocuments(() => ({ kinds: builtinKinds, schemas, version: 'v1.34.0' }))
  const asked: OpenApiServer['asked'] = []
  const server = createServer((request, response) => {
    const path = request.url!.split('?')[0]!
    asked.push({ path, accept: request.headers.accept ?? '' })
    answer(path, request, response, documents)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const close = async (): Promise<void> => {
    server.closeAllConnections()
    server.close()
    await once(server, 'close')
  }
  return { url: `http://127.0.0.1:${port}`, asked, close }
}

async function answer(
  path: string,
  { headers }: IncomingMessage,
  response: ServerResponse,
  documents: OpenApiDocuments,
): Promise<void> {
  if (!path.startsWith('/openapi/')) return sendJson(response, discovery(path))
  const wantsProtobuf = headers.accept?.includes('protobuf') ?? false
  const name = path.slice('/openapi/v3/'.length)
  const document = await (path === '/openapi/v2'
    ? wantsProtobuf
      ? documents.v2Protobuf()
      : documents.v2Json()
    : name
      ? documents.groupVersion(name)
      : documents.index())
  sendDocument(response, document)
}

function sendDocument(response: ServerResponse, document: OpenApiDocument | undefined): void {
  if (!document) {
    sendJson(response, undefined)
    return
  }
  response.writeHead(200, {
    'content-type': document.contentType,
    etag: document.etag,
    'content-encoding': 'gzip',
  })
  response.end(document.gzip)
}

function sendJson(response: ServerResponse, body: object | undefined): void {
  response.writeHead(body ? 200 : 404, { 'content-type': 'application/json' })
  response.end(JSON.stringify(body ?? { kind: 'Status', apiVersion: 'v1', status: 'Failure', code: 404 }))
}

function discovery(path: string): object | undefined {
  if (path === '/version') return { major: '1', minor: '34', gitVersion: 'v1.34.0' }
  if (path === '/api') return { kind: 'APIVersions', versions: ['v1'] }
  if (path === '/apis') return { kind: 'APIGroupList', apiVersion: 'v1', groups: groups() }
  const kinds = builtinKinds.filter(kind => groupVersionPath(kind) === path)
  if (kinds.length === 0) return undefined
  const resources = kinds.map(kind => ({
    name: kind.plural,
    singularName: kind.singular,
    namespaced: kind.namespaced,
    kind: kind.kind,
    verbs: kind.verbs ?? ALL_VERBS,
    shortNames: kind.shortNames,
  }))
  return { kind: 'APIResourceList', apiVersion: 'v1', groupVersion: apiVersion(kinds[0]!), resources }
}

function groups(): object[] {
  const names = [...new Set(builtinKinds.map(({ group }) => group))].filter(Boolean)
  return names.map(name => {
    const kind = builtinKinds.find(({ group }) => group === name)!
    const version = { groupVersion: apiVersion(kind), version: kind.version }
    return { name, versions: [version], preferredVersion: version }
  })
}
