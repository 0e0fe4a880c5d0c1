import type { Informer, InformerFactory } from '../../../api/client/client.ts'
import { endpoints, pods, services } from '../../../api/kinds/core.ts'
import type { KindDeclaration } from '../../../api/kinds/kind.ts'
import type { ApiObject } from '../../../api/meta/object.ts'
import { badRequest, notFound, type StatusError, serviceUnavailable } from '../../../api/meta/status.ts'
import type { ApiContext } from '../pipeline/state.ts'
import { type ConnectTarget, dialFault } from './target.ts'

/** What `proxy` names: `[https:]NAME[:PORT]`, a port by number or name. */
export interface ProxyName {
  scheme: string
  name: string
  port: string
}

export interface Address {
  host: string
  port: number
}

/** Not a fault of ours that passes: clients are not told to try again. */
const unavailable = (message: string): StatusError => serviceUnavailable(message, 0)

/** Finds the Pod's server that a request for `pods/proxy` or `services/proxy` goes to. */
export function createBackendFinder(informers: InformerFactory): (ctx: ApiContext) => Promise<ConnectTarget> {
  return async ctx => {
    const { resource, namespace = '', name = '', rest } = ctx.state.info
    const wanted = parseName(name, resource)
    const { host, port } =
      resource === 'pods'
        ? await podAddress(informers, namespace, wanted)
        : await serviceAddress(informers, namespace, wanted)
    const path = `${rest || '/'}${ctx.search}`
    const unreachable = (cause: Error): never => {
      throw unavailable(`error trying to reach service: ${dialFault(host, port, cause)}`)
    }
    // A Pod's certificate is its own affair: as upstream, it is not verified.
    return {
      host,
      port,
      path,
      unreachable,
      ...(wanted.scheme === 'https' && { tls: { rejectUnauthorized: false } }),
    }
  }
}

/** A cache that may be asked for here for the first time. */
async function synced<T extends ApiObject>(
  informers: InformerFactory,
  kind: KindDeclaration<T>,
): Promise<Informer<T>> {
  const informer = informers.informer(kind)
  await informer.synced()
  return informer
}

export function parseName(text: string, resource: string): ProxyName {
  const parts = text.split(':')
  const [scheme, name, port] =
    parts.length === 3
      ? parts
      : parts.length === 2
        ? ['', ...parts]
        : parts.length === 1
          ? ['', text, '']
          : []
  if (!name || !['', 'http', 'https'].includes(scheme!)) {
    throw badRequest(`invalid ${resource.slice(0, -1)} request ${JSON.stringify(text)}`)
  }
  return { scheme: scheme!, name, port: port ?? '' }
}

async function podAddress(
  informers: InformerFactory,
  namespace: string,
  { name, port }: ProxyName,
): Promise<Address> {
  const pod = (await synced(informers, pods)).get(`${namespace}/${name}`)
  if (!pod) throw notFound(pods, name)
  const host = pod.status?.podIPs?.[0]?.ip ?? pod.status?.podIP
  if (!host) throw badRequest('address not allowed')
  const declared = pod.spec.containers.flatMap(({ ports = [] }) => ports)[0]?.containerPort
  return { host, port: portNumber(port) ?? declared ?? 80 }
}

const portNumber = (text: string): number | undefined => (/^\d{1,5}$/.test(text) ? Number(text) : undefined)

/** One of the ready addresses behind the port, at random. */
async function serviceAddress(
  informers: InformerFactory,
  namespace: string,
  { name, port }: ProxyName,
): Promise<Address> {
  const found = await findEndpoint(informers, namespace, name, port)
  if (typeof found === 'string') throw unavailable(found)
  if (!found) throw notFound(services, name)
  return found
}

/**
 * A ready address behind a port, by number or name, of a Service. A text says why there is none; undefined is given for
 * a Service that does not exist.
 */
export async function findEndpoint(
  informers: InformerFactory,
  namespace: string,
  name: string,
  port: string,
): Promise<Address | string | undefined> {
  const service = (await synced(informers, services)).get(`${namespace}/${name}`)
  if (!service) return undefined
  const number = portNumber(port)
  const servicePort = service.spec.ports?.find(candidate => candidate.port === number)
  if (number !== undefined && !servicePort)
    return `no service port ${number} found for service ${JSON.stringify(name)}`
  const portName = servicePort ? (servicePort.name ?? '') : port
  const subsets = (await synced(informers, endpoints)).get(`${namespace}/${name}`)?.subsets ?? []
  const found = subsets.flatMap(({ addresses = [], ports = [] }) => {
    const match = ports.find(candidate => (candidate.name ?? '') === portName)
    return match ? addresses.map(({ ip }) => ({ host: ip, port: match.port })) : []
  })
  const chosen = found[Math.floor(Math.random() * found.length)]
  return chosen ?? `no endpoints available for service ${JSON.stringify(name)}`
}
