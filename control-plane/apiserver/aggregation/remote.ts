import { Agent, request } from 'node:https'
import { text } from 'node:stream/consumers'
import type { InformerFactory } from '../../../api/client/client.ts'
import type { ApiService } from '../../../api/kinds/apiregistration.ts'
import type { KeyPair } from '../../auth/certificates.ts'
import type { UserInfo } from '../../auth/types.ts'
import { type Address, findEndpoint } from '../proxy/backends.ts'
import { type ConnectTarget, dialFault } from '../proxy/target.ts'

const HTTPS = 443
/** How long one question to a remote server may take. Milliseconds. */
export const DEADLINE = 6_000

/** Who the API server is when it asks on its own account. */
const AGGREGATOR: UserInfo = { name: 'system:kube-aggregator', groups: ['system:masters'] }

const agent = new Agent({ keepAlive: true, timeout: 30_000 })

/** The server behind an APIService. */
export interface Remote {
  address: Address
  tls: NonNullable<ConnectTarget['tls']>
}

/** Finds the server behind an APIService; a text says why there is none now. */
export async function findRemote(
  { spec }: ApiService,
  informers: InformerFactory,
  client: KeyPair,
): Promise<Remote | string> {
  const { namespace, name, port = HTTPS } = spec.service!
  const address = await findEndpoint(informers, namespace, name, String(port))
  if (address === undefined) return `service ${JSON.stringify(name)} not found`
  if (typeof address === 'string') return address
  const tls = {
    cert: client.cert,
    key: client.key,
    servername: `${name}.${namespace}.svc`,
    ...(spec.caBundle && { ca: Buffer.from(spec.caBundle, 'base64').toString() }),
    ...(spec.insecureSkipTLSVerify && { rejectUnauthorized: false }),
  }
  return { address, tls }
}

/** The headers by which a remote server knows who made a request. */
export function identityHeaders({
  name,
  uid,
  groups,
  extra = {},
}: UserInfo): Record<string, string | string[]> {
  const headers: Record<string, string | string[]> = { 'x-remote-user': name }
  if (uid) headers['x-remote-uid'] = uid
  if (groups.length > 0) headers['x-remote-group'] = groups
  for (const [key, values] of Object.entries(extra)) headers[`x-remote-extra-${escapeKey(key)}`] = values
  return headers
}

/** What may not stand in the name of a header is written as in a URL. */
const escapeKey = (key: string): string =>
  key.replace(/[^!#$&'*+.^_`|~0-9A-Za-z-]/gu, character => encodeURIComponent(character))

/** An answer of a remote server. */
export interface RemoteAnswer {
  status: number
  type: string
  body: string
}

/** Asks a remote server something on the API server's own account. Rejects with what Go would say of the failure. */
export function askRemote(
  { address, tls }: Remote,
  path: string,
  accept = 'application/json',
): Promise<RemoteAnswer> {
  const { host, port } = address
  const signal = AbortSignal.timeout(DEADLINE)
  const headers = { ...identityHeaders(AGGREGATOR), accept, host: tls.servername! }
  return new Promise((resolve, reject) => {
    const fail = (cause: Error): void => {
      const why = signal.aborted ? 'context deadline exceeded' : fault(host, port, cause)
      reject(new Error(`Get "https://${host}:${port}${path}": ${why}`, { cause }))
    }
    const sent = request({ host, port, path, headers, signal, agent, ...tls }, response => {
      const { statusCode: status = 500 } = response
      const type = response.headers['content-type'] ?? ''
      text(response).then(body => resolve({ status, type, body }), fail)
    })
    sent.on('error', fail)
    sent.end()
  })
}

export function fault(host: string, port: number, cause: Error): string {
  const { code = '' } = cause as NodeJS.ErrnoException
  return /CERT|SELF_SIGNED|SIGNATURE|ALTNAME/.test(code)
    ? `tls: failed to verify certificate: x509: ${cause.message}`
    : dialFault(host, port, cause)
}
