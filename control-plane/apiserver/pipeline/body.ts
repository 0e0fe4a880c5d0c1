import type { IncomingMessage } from 'node:http'
import { constants, type ServerHttp2Stream } from 'node:http2'
import { parseJsonBytes } from '../../../api/meta/json.ts'
import { badRequest, isStatusError, tooLarge, unsupportedMediaType } from '../../../api/meta/status.ts'
import { jsonType } from '../../../api/schema/decode-state.ts'
import type { ApiContext } from './state.ts'

/** Upstream's MaxRequestBodyBytes. */
export const BODY_LIMIT = 3 * 1024 * 1024

const PROTOBUF = 'application/vnd.kubernetes.protobuf'
const JSON_TYPE = 'application/json'
const OBJECT_TYPES = [JSON_TYPE, 'application/yaml', PROTOBUF]

/** `; name=value`, each name once: what Go takes for parameters of a media type. */
const PARAMETERS = /^(?:;\s*([\w!#$%&'*+.^`|~-]+)\s*=\s*(?:[\w!#$%&'*+.^`|~-]+|"(?:[^"\\]|\\.)*")\s*)*;?\s*$/

/** The media type of a request's body without its parameters; JSON where the client does not say, '' for what is none. */
export function mediaType(ctx: ApiContext): string {
  const header = ctx.req.headers['content-type']
  if (!header) return 'application/json'
  const end = header.indexOf(';')
  if (end < 0) return header.trim().toLowerCase()
  return areParameters(header.slice(end)) ? header.slice(0, end).trim().toLowerCase() : ''
}

function areParameters(text: string): boolean {
  if (!PARAMETERS.test(text)) return false
  const names = Array.from(text.matchAll(/;\s*([^=;\s]+)\s*=/g), match => match[1]!.toLowerCase())
  return new Set(names).size === names.length
}

/** @throws StatusError 413 when the body is above 3 MiB */
export function readBody(request: IncomingMessage): Promise<Buffer> {
  if (Number(request.headers['content-length']) > BODY_LIMIT) throw bodyTooLarge()
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    let size = 0
    request.on('data', (chunk: Buffer) => {
      size += chunk.length
      if (size > BODY_LIMIT) {
        request.pause()
        endStream(request)
        reject(bodyTooLarge())
      } else chunks.push(chunk)
    })
    request.on('end', () => resolve(chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks)))
    request.on('error', reject)
    // Comes after the end, too, when all is said.
    request.on('close', () => {
      if (!request.readableEnded) reject(badRequest('the request body was cut off'))
    })
  })
}

/** Over HTTP/2 a stream stays open while its client has more to send: it ends with the answer. */
function endStream(request: IncomingMessage): void {
  const { stream } = request as { stream?: ServerHttp2Stream }
  stream?.once('finish', () => stream.close(constants.NGHTTP2_NO_ERROR))
}

const bodyTooLarge = () => tooLarge(`limit is ${BODY_LIMIT}`)

/** What a body should be an object of. */
export interface ExpectedKind {
  kind: string
  apiVersion: string
}

export interface ParsedObject {
  object: Record<string, any>
  /** Of YAML: which keys stand twice in a map. */
  duplicates?: string
}

/**
 * Reads a body that is one object in JSON, YAML or protobuf. An empty body gives undefined.
 * @throws StatusError 400, 413, 415
 */
export async function readObject(
  ctx: ApiContext,
  expected: ExpectedKind,
): Promise<Record<string, any> | undefined> {
  const body = await readBody(ctx.req)
  return body.length === 0 ? undefined : (await parseObject(ctx, body, expected)).object
}

/** Parses a body as its media type says. @throws StatusError 400, 415 */
export async function parseObject(
  ctx: ApiContext,
  body: Buffer,
  expected: ExpectedKind,
): Promise<ParsedObject> {
  const type = mediaType(ctx)
  if (!OBJECT_TYPES.includes(type)) throw unsupportedMediaType(OBJECT_TYPES)
  try {
    if (type === JSON_TYPE) return { object: objectOf(parseJsonBytes(body)) }
    if (type === PROTOBUF) {
      const { decodeProtobuf } = await import('../protobuf/decode.ts')
      return { object: decodeProtobuf(ctx.state.schemas, body, expected) }
    }
    // Rare, and large: loaded when first needed.
    const { readYaml, yamlText } = await import('./yaml.ts')
    const { value, duplicates } = readYaml(yamlText(body))
    return { object: objectOf(value), ...(duplicates && { duplicates }) }
  } catch (cause) {
    if (isStatusError(cause)) throw cause
    const { unrecognized } = await import('./unreadable.ts')
    const why = cause instanceof SyntaxError ? await jsonError(body) : (cause as Error).message
    throw unrecognized(expected.kind, why, body)
  }
}

/** @throws Error for what is no object, or one whose kind cannot be read */
function objectOf(value: unknown): Record<string, any> {
  if (value === null) return {}
  if (typeof value !== 'object' || Array.isArray(value)) throw new Error(noObject(value))
  const { apiVersion, kind } = value as Record<string, unknown>
  if (apiVersion !== undefined && typeof apiVersion !== 'string') checkText('apiVersion', apiVersion)
  if (kind !== undefined && typeof kind !== 'string') checkText('kind', kind)
  if (typeof apiVersion === 'string' && apiVersion.split('/', 3).length > 2) {
    throw new Error(`unexpected GroupVersion string: ${apiVersion}`)
  }
  return value as Record<string, any>
}

function checkText(field: string, value: unknown): void {
  if (value !== null) throw new Error(noText(field, value))
}

/** What is said of a kind or an apiVersion that is no text. */
export const noText = (field: string, value: unknown): string =>
  `${NO_KIND}json: cannot unmarshal ${jsonType(value)} into Go struct field .${field} of type string`

const NO_KIND = "couldn't get version/kind; json parse error: "

async function jsonError(body: Buffer): Promise<string> {
  const { jsonFault } = await import('./json-fault.ts')
  return NO_KIND + jsonFault(body)
}

/** What is said of a body that is no object. */
export const noObject = (value: unknown): string =>
  `${NO_KIND}json: cannot unmarshal ${value === null ? 'null' : jsonType(value)} into Go value of type struct { APIVersion string "json:\\"apiVersion,omitempty\\""; Kind string "json:\\"kind,omitempty\\"" }`
