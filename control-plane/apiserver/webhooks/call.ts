import { request } from 'node:https'
import { isIP } from 'node:net'
import { text } from 'node:stream/consumers'
import type { InformerFactory } from '../../../api/client/client.ts'
import type { WebhookClientConfig } from '../../../api/kinds/apiextensions.ts'
import { findEndpoint } from '../proxy/backends.ts'
import { dialFault } from '../proxy/target.ts'

/** A webhook that did not answer as it should; the message is what upstream tells of it. */
export class WebhookError extends Error {
  readonly code = 'WEBHOOK'
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
}

/**
 * Posts a review to a webhook, at its URL or at one of the Pods behind its Service, and gives the parsed answer.
 * @param deadline milliseconds until the answer must be there
 * @throws WebhookError
 */
export async function callWebhook(
  config: WebhookClientConfig,
  body: unknown,
  informers: InformerFactory,
  deadline: number,
): Promise<any> {
  const place = config.url ? urlPlace(config.url) : await servicePlace(config.service!, informers)
  const ca = config.caBundle ? Buffer.from(config.caBundle, 'base64').toString() : undefined
  const { status, answer } = await post(place, JSON.stringify(body), ca, deadline)
  if (status < 200 || status > 299)
    throw new WebhookError(answer.trim().slice(0, 1024) || `the server answered ${status}`)
  try {
    return JSON.parse(answer)
  } catch (cause) {
    throw new WebhookError(`couldn't get version/kind; json parse error: ${(cause as Error).message}`, {
      cause,
    })
  }
}

function urlPlace(text: string): Place {
  const { hostname, port, pathname, search } = new URL(text)
  const host = hostname.replace(/^\[(.*)\]$/, '$1')
  return { url: text, host, port: Number(port || HTTPS), path: pathname + search, name: host }
}

async function servicePlace(
  { namespace, name, path = '/', port = HTTPS }: NonNullable<WebhookClientConfig['service']>,
  informers: InformerFactory,
): Promise<Place> {
  const fullName = `${name}.${namespace}.svc`
  const url = `https://${fullName}:${port}${path}`
  const found = await findEndpoint(informers, namespace, name, String(port))
  if (found === undefined) throw new WebhookError(`Post "${url}": service "${name}" not found`)
  if (typeof found === 'string') throw new WebhookError(`Post "${url}": ${found}`)
  return { url, ...found, path, name: fullName }
}

function post(
  { url, host, port, path, name }: Place,
  body: string,
  ca: string | undefined,
  deadline: number,
): Promise<{ status: number; answer: string }> {
  const headers = {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(body),
    host: name,
  }
  const signal = AbortSignal.timeout(deadline)
  return new Promise((resolve, reject) => {
    const fail = (cause: Error): void => {
      const why = signal.aborted ? 'context deadline exceeded' : fault(host, port, cause)
      reject(new WebhookError(`Post "${url}": ${why}`, { cause }))
    }
    const sent = request(
      {
        host,
        port,
        path,
        method: 'POST',
        headers,
        signal,
        ...(isIP(name) === 0 && { servername: name }),
        ...(ca && { ca }),
      },
      response => {
        let size = 0
        response.on('data', (chunk: Buffer) => {
          size += chunk.length
          if (size > LARGEST_ANSWER) response.destroy(new Error('the answer is too large'))
        })
        text(response).then(answer => resolve({ status: response.statusCode ?? 500, answer }), fail)
      },
    )
    sent.on('error', fail)
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
