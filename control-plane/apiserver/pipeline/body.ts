import type { IncomingMessage } from 'node:http'
import type { Tags } from 'yaml'
import { badRequest, tooLarge, unsupportedMediaType } from '../../../api/meta/status.ts'
import type { ApiContext } from './state.ts'

/** Upstream's MaxRequestBodyBytes. */
export const BODY_LIMIT = 3 * 1024 * 1024

const PROTOBUF = 'application/vnd.kubernetes.protobuf'
const OBJECT_TYPES = ['application/json', 'application/yaml', PROTOBUF]

/** The media type of a request's body without its parameters; JSON where the client does not say. */
export function mediaType(ctx: ApiContext): string {
  const header = ctx.req.headers['content-type']
  if (!header) return 'application/json'
  const end = header.indexOf(';')
  return (end < 0 ? header : header.slice(0, end)).trim().toLowerCase()
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
        reject(bodyTooLarge())
      } else chunks.push(chunk)
    })
    const cutOff = () => reject(badRequest('the request body was cut off'))
    request.on('end', () => {
      request.off('close', cutOff)
      resolve(chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks))
    })
    request.on('error', reject)
    request.on('close', cutOff)
  })
}

const bodyTooLarge = () => tooLarge(`limit is ${BODY_LIMIT}`)

/**
 * Reads a body that is one object in JSON, YAML or protobuf. An empty body gives undefined.
 * @throws StatusError 400, 413, 415
 */
export async function readObject(ctx: ApiContext): Promise<Record<string, any> | undefined> {
  const body = await readBody(ctx.req)
  return body.length === 0 ? undefined : await parseObject(ctx, body)
}

/** Parses a body as its media type says. @throws StatusError 400, 415 */
export async function parseObject(ctx: ApiContext, body: Buffer): Promise<Record<string, any>> {
  const type = mediaType(ctx)
  if (!OBJECT_TYPES.includes(type)) throw unsupportedMediaType(OBJECT_TYPES)
  if (type === PROTOBUF) {
    const { decodeProtobuf } = await import('../protobuf/decode.ts')
    return decodeProtobuf(ctx.state.schemas, body)
  }
  const value = type === 'application/yaml' ? await parseYaml(body) : parseJson(body)
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw badRequest(noObject(value))
  }
  return value as Record<string, any>
}

/** What is said of a body that is no object. */
export const noObject = (value: unknown): string =>
  `couldn't get version/kind; json parse error: json: cannot unmarshal ${goType(value)} into Go value of type struct { APIVersion string "json:\\"apiVersion,omitempty\\""; Kind string "json:\\"kind,omitempty\\"" }`

export function parseJson(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString())
  } catch (cause) {
    throw badRequest(`couldn't get version/kind; json parse error: ${(cause as Error).message}`)
  }
}

/** YAML 1.1, as upstream reads it; loaded when first needed. */
export async function parseYaml(body: Buffer): Promise<unknown> {
  const { parse } = await import('yaml')
  try {
    return parse(body.toString(), { version: '1.1', merge: true, logLevel: 'error', customTags: jsonTags })
  } catch (cause) {
    throw badRequest(`error converting YAML to JSON: yaml: ${(cause as Error).message}`)
  }
}

/** Tags of YAML 1.1 whose values are no JSON, or that Go's reader does not know: dates, sets, base 60 … */
const NOT_JSON = /:(binary|omap|pairs|set|timestamp)$/

export const jsonTags = (tags: Tags): Tags =>
  tags.filter(tag => typeof tag === 'string' || (!NOT_JSON.test(tag.tag) && tag.format !== 'TIME'))

function goType(value: unknown): string {
  if (Array.isArray(value)) return 'array'
  if (value === null) return 'null'
  return typeof value === 'boolean' ? 'bool' : typeof value
}
