import { nodes, pods } from '../../../api/kinds/core.ts'
import type { Pod } from '../../../api/kinds/types.ts'
import {
  badRequest,
  internalError,
  notFound,
  type StatusError,
  serviceUnavailable,
} from '../../../api/meta/status.ts'
import type { ApiContext } from '../pipeline/state.ts'
import { type ProxyName, parseName } from './backends.ts'
import type { ConnectOptions } from './connect-options.ts'
import { type ConnectTarget, dialFault } from './target.ts'

const DEFAULT_CONTAINER = 'kubectl.kubernetes.io/default-container'
const KUBELET_PORT = 10_250
const PODS = { group: '', plural: 'pods' }
/** Where the kubelet's server answers a subresource of Pods. */
const KUBELET_PATHS: Record<string, string> = {
  log: 'containerLogs',
  exec: 'exec',
  attach: 'attach',
  portforward: 'portForward',
}
/** Kubelets have names of their own for these options of `exec` and `attach`. */
const KUBELET_OPTIONS: Record<string, string> = { stdin: 'input', stdout: 'output', stderr: 'error' }

interface NodeObject {
  status?: {
    addresses?: { type: string; address: string }[]
    daemonEndpoints?: { kubeletEndpoint?: { Port: number } }
  }
}

/** Finds the kubelet, and the path of its server, that a request for a Pod's or Node's connection goes to. */
export function createKubeletFinder({
  informers,
  client,
  ca,
}: ConnectOptions): (ctx: ApiContext) => ConnectTarget {
  const podCache = informers.informer(pods)
  const nodeCache = informers.informer(nodes)
  const kubelet = (nodeName: string, path: string): ConnectTarget => {
    const { host, port } = kubeletAddress(nodeName, nodeCache.get(nodeName))
    const unreachable = (cause: Error): never => {
      throw internalError(`error dialing backend: ${dialFault(host, port, cause)}`)
    }
    return { host, port, path, tls: { ca, cert: client.cert, key: client.key }, unreachable }
  }
  /** A node's kubelet, or what else listens there when another port is named. */
  const nodeServer = ({ scheme, name, port }: ProxyName, path: string): ConnectTarget => {
    const target = kubelet(name, path)
    if (port === '' || Number(port) === target.port) return target
    const { host } = target
    const unreachable = (cause: Error): never => {
      throw serviceUnavailable(`error trying to reach service: ${dialFault(host, Number(port), cause)}`, 0)
    }
    const tls = scheme === 'https' && { tls: { rejectUnauthorized: false } }
    return { host, port: Number(port), path, unreachable, ...tls }
  }
  return ctx => {
    const { resource, namespace, name = '', rest } = ctx.state.info
    if (resource === 'nodes') return nodeServer(parseName(name, resource), `${rest || '/'}${ctx.search}`)
    const pod = podCache.get(`${namespace}/${name}`)
    if (!pod) throw notFound(PODS, name)
    return { ...kubelet(hostOf(pod, ctx), podPath(pod, ctx)), refusesInText: true }
  }
}

function kubeletAddress(name: string, node: NodeObject | undefined): { host: string; port: number } {
  const host = node?.status?.addresses?.find(({ type }) => type === 'InternalIP')?.address
  if (!host) throw notFound({ group: '', plural: 'nodes' }, name)
  return { host, port: node?.status?.daemonEndpoints?.kubeletEndpoint?.Port ?? KUBELET_PORT }
}

function hostOf(pod: Pod, ctx: ApiContext): string {
  const { nodeName } = pod.spec
  if (nodeName) return nodeName
  if (ctx.state.info.subresource === 'log') throw waiting(containerOf(pod, ctx.state.info.query), pod)
  throw badRequest(`pod ${pod.metadata.name} does not have a host assigned`)
}

function podPath(pod: Pod, ctx: ApiContext): string {
  const { subresource, query } = ctx.state.info
  const { namespace, name } = pod.metadata
  const isStream = subresource === 'exec' || subresource === 'attach'
  const container = subresource === 'portforward' ? '' : `/${containerOf(pod, query)}`
  const options = [...query]
    .filter(([key]) => key !== 'container')
    .map(([key, value]): [string, string] => [(isStream && KUBELET_OPTIONS[key]) || key, value])
  return `/${KUBELET_PATHS[subresource]}/${namespace}/${name}${container}?${new URLSearchParams(options)}`
}

/** The container that is meant: the one named, the only one, or the annotated default. */
function containerOf(pod: Pod, query: URLSearchParams): string {
  const { containers, initContainers = [], ephemeralContainers = [] } = pod.spec
  const wanted = query.get('container')
  const names = [...containers, ...initContainers, ...ephemeralContainers].map(({ name }) => name)
  if (wanted) {
    if (names.includes(wanted)) return wanted
    throw badRequest(`container ${wanted} is not valid for pod ${pod.metadata.name}`)
  }
  const annotated = pod.metadata.annotations?.[DEFAULT_CONTAINER]
  if (annotated && names.includes(annotated)) return annotated
  if (containers.length === 1) return containers[0]!.name
  const inits = initContainers.length > 0 ? ` or one of the init containers: ${listOf(initContainers)}` : ''
  throw badRequest(
    `a container name must be specified for pod ${pod.metadata.name}, choose one of: ${listOf(containers)}${inits}`,
  )
}

const listOf = (containers: readonly { name: string }[]): string =>
  `[${containers.map(({ name }) => name).join(' ')}]`

const waiting = (container: string, { metadata }: Pod): StatusError =>
  badRequest(`container "${container}" in pod "${metadata.name}" is waiting to start: ContainerCreating`)
