import type { KindDeclaration } from '../kinds/kind.ts'
import { type ParseJson, parseJson, parseJsonBytes, writeBigints } from '../meta/json.ts'
import type { ApiObject, List, WatchEvent } from '../meta/object.ts'
import type { CallOptions, Client, DeleteOptions, Patch, WriteOptions } from './client.ts'
import type { ClientConfig } from './kubeconfig.ts'
import { collectionPath, listParameters, objectPath, query } from './paths.ts'
import { createTransport, type Transport, type WireRequest } from './transport.ts'
import { parseTrimmed, trim } from './trim.ts'
import { readWatchEvents } from './watch-stream.ts'

/** Deadline of every call; of a watch for its first byte. Milliseconds. */
const CALL_DEADLINE = 30_000

const METADATA_ONLY = {
  list: 'application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1',
  watch: 'application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1',
}

const PATCH_TYPES: Record<Patch['type'], string> = {
  json: 'application/json-patch+json',
  merge: 'application/merge-patch+json',
  strategic: 'application/strategic-merge-patch+json',
  apply: 'application/apply-patch+yaml',
}

/** A client over HTTPS. */
export function createClient(config: ClientConfig): Client {
  const transport = createTransport(config)
  const call = <R>(
    request: Omit<WireRequest, 'signal'>,
    options: CallOptions = {},
    parse: ParseJson = JSON.parse,
  ): Promise<R> => callWithDeadline(transport, request, options, parse) as Promise<R>
  return {
    get: (kind, name, options) =>
      call({ method: 'GET', path: objectPath(kind, name) }, options, parserOf(kind)),
    list: (kind, options = {}) =>
      call<List<never>>(
        {
          method: 'GET',
          path: collectionPath(kind, options.namespace) + query(listParameters(options)),
          accept: options.metadataOnly ? METADATA_ONLY.list : undefined,
        },
        options,
        parserOf(kind),
      ).then(list => {
        if (options.isTrimmed) for (const item of list.items) trim(item)
        return withTypes(kind, list)
      }),
    async *watch(kind, options = {}) {
      const { allowWatchBookmarks, timeoutSeconds, signal } = options
      const parameters = { ...listParameters(options), watch: true, allowWatchBookmarks, timeoutSeconds }
      const path = collectionPath(kind, options.namespace) + query(parameters)
      const accept = options.metadataOnly ? METADATA_ONLY.watch : undefined
      const stream = await transport.open({ method: 'GET', path, accept, signal }, CALL_DEADLINE)
      yield* readWatchEvents(stream, eventParser(kind, options.isTrimmed))
    },
    create(kind, object, options = {}) {
      const metadata = (object as Partial<ApiObject>).metadata
      const path = options.name
        ? objectPath(kind, options.name, options.subresource)
        : collectionPath(kind, metadata?.namespace)
      return call(withBody('POST', path + writeQuery(options), object, kind), options, parserOf(kind))
    },
    update(kind, object, options = {}) {
      const path = objectPath(kind, object.metadata, options.subresource)
      return call(withBody('PUT', path + writeQuery(options), object, kind), options, parserOf(kind))
    },
    patch(kind, name, patch, options = {}) {
      const path = objectPath(kind, name, options.subresource) + writeQuery(options)
      const request = { ...withBody('PATCH', path, patch.body, kind), contentType: PATCH_TYPES[patch.type] }
      return call(request, options, parserOf(kind))
    },
    delete: (kind, name, options = {}) =>
      call(withBody('DELETE', objectPath(kind, name), deleteBody(options)), options),
    deleteCollection(kind, options = {}) {
      const path = collectionPath(kind, options.namespace) + query(listParameters(options))
      return call(withBody('DELETE', path, deleteBody(options)), options)
    },
    request: (method, path, body, options) => call(withBody(method, path, body), options),
    close: () => transport.close(),
  }
}

async function callWithDeadline(
  transport: Transport,
  request: Omit<WireRequest, 'signal'>,
  { signal }: CallOptions,
  parse: ParseJson,
): Promise<unknown> {
  const deadline = AbortSignal.timeout(CALL_DEADLINE)
  const body = await transport.send({
    ...request,
    signal: signal ? AbortSignal.any([signal, deadline]) : deadline,
  })
  return parseBody(body.toString(), parse)
}

/** Health checks and logs are plain text. */
function parseBody(text: string, parse: ParseJson): unknown {
  if (!text.startsWith('{') && !text.startsWith('[')) return text
  try {
    return parse(text)
  } catch {
    return text
  }
}

function withBody(
  method: string,
  path: string,
  body: unknown,
  kind?: KindDeclaration<any>,
): Omit<WireRequest, 'signal'> {
  if (kind?.custom) writeBigints()
  return { method, path, ...(body !== undefined && { body: JSON.stringify(body) }) }
}

/** Fields of built-in kinds are numbers, to whoever calculates with them. */
const parserOf = ({ custom }: KindDeclaration<any>): ParseJson => (custom ? parseJson : JSON.parse)

type ParseEvent = (line: Buffer) => WatchEvent<any>

function eventParser(
  { custom }: KindDeclaration<any>,
  isTrimmed: boolean | undefined,
): ParseEvent | undefined {
  if (isTrimmed) return custom ? parseTrimmedExactly : parseTrimmed
  return custom ? parseJsonBytes : undefined
}

const parseTrimmedExactly: ParseEvent = line => parseTrimmed(line, parseJson)

const writeQuery = ({ dryRun, fieldManager, force }: WriteOptions & { force?: boolean }): string =>
  query({ dryRun: dryRun ? 'All' : undefined, fieldManager, force })

function deleteBody({
  gracePeriodSeconds,
  propagationPolicy,
  preconditions,
}: DeleteOptions): object | undefined {
  const options = {
    ...(gracePeriodSeconds !== undefined && { gracePeriodSeconds }),
    ...(propagationPolicy && { propagationPolicy }),
    ...(preconditions && { preconditions }),
  }
  return Object.keys(options).length === 0
    ? undefined
    : { kind: 'DeleteOptions', apiVersion: 'v1', ...options }
}

/** Items of a list come without their type; objects everywhere else have it. */
function withTypes<T extends ApiObject>(kind: KindDeclaration<T>, list: List<T>): List<T> {
  const { apiVersion } = list
  for (const item of list.items) {
    item.apiVersion ??= apiVersion
    item.kind ??= kind.kind
  }
  return list
}
