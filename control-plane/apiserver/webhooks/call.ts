import { request } from 'node:https'
import { isIP } from 'node:net'
import { text } from 'node:stream/consumers'
import { authorizationOf } from '../../../api/client/authorization.ts'
import type { InformerFactory } from '../../../api/client/client.ts'
import type { WebhookClientConfig } from '../../../api/kinds/apiextensions.ts'
import { parseJson } from '../../../api/meta/json.ts'
import { findEndpoint } from '../proxy/backends.ts'
import { dialFault } from '../proxy/target.ts'
import type { FindCredentials, WebhookCredentials } from './credentials.ts'

/** A webhook that did not answer as it should; the message is what upstream tells of it. */
export class WebhookError extends Error {
  readonly code = 'WEBHOOK'
  /** The HTTP status it answered with; 503 where there was no answer. */
  readonly status: number

  constructor(message: string, { status = 503, ...options }: ErrorOptions & { status?: number } = {}) {
    super(message, options)
    this.status = status
  }
}

const HTTPS = 443
/** An answer above this size is not read on. Bytes. */
const LARGEST_ANSWER = 64 << 20

interface Place {
  /** As messages name it. */
  url: string
  host: string
  port: number
  path: string
  /** The name that the certificate must have. */
  name: string
  /** Host or Service, and port, as it is named by who configures credentials. */
  target: string
}

/** Whom to trust, and how to be trusted. */
type Trust = WebhookCredentials & { ca: string | undefined }

/**
 * Posts a review to a webhook, at its URL or at one of the Pods behind its Service, and gives the parsed answer.
 * @param deadline milliseconds until the answer must be there
 * @param query put behind the path
 * @param credentials shown to the webhook; none where left out
 * @throws WebhookError
 */
export async function callWebhook(
  config: WebhookClientConfig,
  body: unknown,
  informers: InformerFactory,
  deadline: number,
  query: Record<string, string> = {},
  credentials?: FindCredentials,
): Promise<any> {
  const search = Object.keys(query).length > 0 ? `?${new URLSearchParams(query)}` : ''
  const place = config.url
    ? urlPlace(config.url, search)
    : await servicePlace(config.service!, search, informers)
  const ca = config.caBundle ? Buffer.from(config.caBundle, 'base64').toString() : undefined
  const trust = { ca, ...(await credentialsFor(place, credentials)) }
  const { status, answer } = await post(place, JSON.stringify(body), trust, deadline)
  if (status === UNAUTHORIZED) trust.refused?.()
  if (status < 200 || status > 299) throw new WebhookError(refusal(status, answer), { status })
  try {
    return parseJson(answer)
  } catch (cause) {
    throw new WebhookError(`couldn't get version/kind; json parse error: ${(cause as Error).message}`, {
      cause,
    })
  }
}

async function credentialsFor(
  { url, target }: Place,
  find: FindCredentials | undefined,
): Promise<WebhookCredentials | undefined> {
  try {
    return await find?.(target)
  } catch (cause) {
    throw new WebhookError(`Post "${url}": ${(cause as Error).message}`, { cause })
  }
}

/** What Go's client says of answers that are not fine, by their status. */
const REFUSALS: Record<number, string> = {
  401: 'the server has asked for the client to provide credentials',
  404: 'the server could not find the requested resource',
  405: 'the server does not allow this method on the requested resource',
  406: 'the server was unable to respond with a content type that the client supports',
  409: 'the server reported a conflict',
  415: 'the body of the request was in an unknown format',
  422: 'the server rejected our request due to an error in our request',
  429: 'the server has received too many requests and has asked us to try again later',
  503: 'the server is currently unable to handle the request',
  504: 'the server was unable to return a response in the time allotted, but may still be processing the request',
}
const SERVER_ERROR = 500
const UNAUTHORIZED = 401
const FORBIDDEN = 403
const LONGEST_REFUSAL = 2_048

function refusal(status: number, answer: string): string {
  const own = statusMessage(answer)
  if (own) return own
  const text = answer.trim().slice(0, LONGEST_REFUSAL) || 'unknown'
  if (status === FORBIDDEN) return text
  const known = REFUSALS[status]
  if (known) return known
  return status >= SERVER_ERROR
    ? `an error on the server (${JSON.stringify(text)}) has prevented the request from succeeding`
    : 'the server rejected our request for an unknown reason'
}

/** The message of an answer that is a Status. */
function statusMessage(answer: string): string | undefined {
  if (!answer.startsWith('{')) return undefined
  try {
    const { kind, message } = JSON.parse(answer)
    return kind === 'Status' && typeof message === 'string' ? message : undefined
  } catch {
    return undefined
  }
}

function urlPlace(text: string, search: string): Place {
  const { hostname, port, pathname, origin } = new URL(text)
  const host = hostname.replace(/^\[(.*)\]$/, '$1')
  const path = pathname + search
  const number = Number(port || HTTPS)
  return { url: origin + path, host, port: number, path, name: host, target: `${hostname}:${number}` }
}

async function servicePlace(
  { namespace, name, path = '/', port = HTTPS }: NonNullable<WebhookClientConfig['service']>,
  search: string,
  informers: InformerFactory,
): Promise<Place> {
  const fullName = `${name}.${namespace}.svc`
  const url = `https://${fullName}:${port}${path}${search}`
  const found = await findEndpoint(informers, namespace, name, String(port))
  if (found === undefined) throw new WebhookError(`Post "${url}": service "${name}" not found`)
  if (typeof found === 'string') throw new WebhookError(`Post "${url}": ${found}`)
  return { url, ...found, path: path + search, name: fullName, target: `${fullName}:${port}` }
}

interface PostedAnswer {
  status: number
  answer: string
}

/** Posts within a deadline; once more where a connection from an earlier call turns out to have been given up. */
async function post(place: Place, body: string, trust: Trust, deadline: number): Promise<PostedAnswer> {
  const signal = AbortSignal.timeout(deadline)
  try {
    return await postOnce(place, body, trust, signal).catch(error => {
      if (!(error instanceof StaleConnection)) throw error
      return postOnce(place, body, trust, signal)
    })
  } catch (error) {
    const cause = error instanceof StaleConnection ? (error.cause as Error) : (error as Error)
    const why = signal.aborted ? 'context deadline exceeded' : fault(place.host, place.port, cause)
    throw new WebhookError(`Post "${place.url}": ${why}`, { cause })
  }
}

class StaleConnection extends Error {}

function postOnce(
  { host, port, path, name }: Place,
  body: string,
  { ca, cert, key, ...shown }: Trust,
  signal: AbortSignal,
): Promise<PostedAnswer> {
  const authorization = authorizationOf(shown)
  const headers = {
    'content-type': 'application/json',
    accept: 'application/json',
    'content-length': Buffer.byteLength(body),
    host: name,
    ...(authorization && { authorization }),
  }
  const options = {
    host,
    port,
    path,
    method: 'POST',
    headers,
    signal,
    ...(isIP(name) === 0 && { servername: name }),
    ...(ca && { ca }),
    ...(cert && key && { cert, key }),
  }
  return new Promise((resolve, reject) => {
    const sent = request(options, response => {
      let size = 0
      response.on('data', (chunk: Buffer) => {
        size += chunk.length
        if (size > LARGEST_ANSWER) response.destroy(new Error('the answer is too large'))
      })
      text(response).then(answer => resolve({ status: response.statusCode ?? SERVER_ERROR, answer }), reject)
    })
    sent.on('error', (cause: NodeJS.ErrnoException) => {
      const isStale = sent.reusedSocket && (cause.code === 'ECONNRESET' || cause.code === 'EPIPE')
      reject(isStale ? new StaleConnection('the connection was given up', { cause }) : cause)
    })
    sent.end(body)
  })
}

/** Faults of certificates are told as they are, those of the network in Go's words. */
function fault(host: string, port: number, cause: Error): string {
  const { code = '' } = cause as NodeJS.ErrnoException
  return /CERT|SELF_SIGNED|SIGNATURE|ALTNAME/.test(code)
    ? `tls: failed to verify certificate: x509: ${cause.message}`
    : dialFault(host, port, cause)
}
