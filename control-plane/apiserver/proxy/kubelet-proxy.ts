import type { IncomingMessage } from 'node:http'
import { Agent, request as httpsRequest } from 'node:https'
import type { InformerFactory } from '../../../api/client/client.ts'
import { nodes, pods } from '../../../api/kinds/core.ts'
import type { Pod } from '../../../api/kinds/types.ts'
import {
  badRequest,
  internalError,
  methodNotAllowed,
  notFound,
  StatusError,
} from '../../../api/meta/status.ts'
import type { KeyPair } from '../../auth/certificates.ts'
import { upgradeOf } from '../http-server.ts'
import type { ApiContext } from '../pipeline/state.ts'
import { joinUpgrade } from './join.ts'

export interface KubeletProxyOptions {
  informers: InformerFactory
  /** What the API server shows to kubelets. */
  client: KeyPair
  /** Signs kubelets' certificates. */
  ca: string
}

/** Where a request goes to: a kubelet and a path of its server. */
interface Target {
  host: string
  port: number
  path: string
}

const DEFAULT_CONTAINER = 'kubectl.kubernetes.io/default-container'
const KUBELET_PORT = 10_250
const CONNECT_DEADLINE = 10_000
const PODS = { group: '', plural: 'pods' }

/** Answers `pods/log`, `exec`, `attach` and `portforward`, and `nodes/proxy`, by asking the node's kubelet. */
export function createKubeletProxy(options: KubeletProxyOptions): (ctx: ApiContext) => Promise<void> {
  const { client, ca, informers } = options
  const agent = new Agent({ ca, cert: client.cert, key: client.key, keepAlive: true })
  const podCache = informers.informer(pods)
  const nodeCache = informers.informer(nodes)
  return async ctx => {
    const target = findTarget(ctx, podCache.get.bind(podCache), name => kubeletOf(name, nodeCache.get(name)))
    const upgrade = upgradeOf(ctx.req)
    if (upgrade) await joinUpgrade({ ...target, agent }, ctx.req, upgrade)
    else await relay(target, agent, ctx)
    ctx.respond = false
  }
}

type NodeObject = {
  status?: {
    addresses?: { type: string; address: string }[]
    daemonEndpoints?: { kubeletEndpoint?: { Port: number } }
  }
}

function kubeletOf(name: string, node: NodeObject | undefined): { host: string; port: number } {
  const host = node?.status?.addresses?.find(({ type }) => type === 'InternalIP')?.address
  if (!host) throw notFound({ group: '', plural: 'nodes' }, name)
  return { host, port: node?.status?.daemonEndpoints?.kubeletEndpoint?.Port ?? KUBELET_PORT }
}

function findTarget(
  ctx: ApiContext,
  getPod: (key: string) => Pod | undefined,
  kubelet: (node: string) => { host: string; port: number },
): Target {
  const { info } = ctx.state
  const { namespace, name = '', subresource } = info
  const query = new URLSearchParams(ctx.querystring)
  if (info.resource === 'nodes') {
    const rest = info.path.split('/proxy')[1] || '/'
    return { ...kubelet(name), path: `${rest}${ctx.querystring ? `?${ctx.querystring}` : ''}` }
  }
  const pod = info.resource === 'pods' ? getPod(`${namespace}/${name}`) : undefined
  if (!pod) throw notFound(PODS, name)
  const { nodeName } = pod.spec
  if (subresource === 'proxy') throw methodNotAllowed()
  if (!nodeName) {
    throw subresource === 'log'
      ? waiting(containerOf(pod, query), pod)
      : badRequest(`pod ${name} does not have a host assigned`)
  }
  const paths: Record<string, string> = {
    log: 'containerLogs',
    exec: 'exec',
    attach: 'attach',
    portforward: 'portForward',
  }
  const container = subresource === 'portforward' ? '' : `/${containerOf(pod, query)}`
  query.delete('container')
  return { ...kubelet(nodeName), path: `/${paths[subresource]}/${namespace}/${name}${container}?${query}` }
}

/** The container that is meant: the one named, the only one, or the annotated default. */
function containerOf(pod: Pod, query: URLSearchParams): string {
  const { containers, initContainers = [] } = pod.spec
  const wanted = query.get('container')
  const names = [...containers, ...initContainers].map(container => container.name)
  if (wanted) {
    if (names.includes(wanted)) return wanted
    throw badRequest(`container ${wanted} is not valid for pod ${pod.metadata.name}`)
  }
  const annotated = pod.metadata.annotations?.[DEFAULT_CONTAINER]
  if (annotated && names.includes(annotated)) return annotated
  if (containers.length === 1) return containers[0]!.name
  const choice = containers.map(({ name }) => name).join(' ')
  const inits =
    initContainers.length > 0
      ? ` or one of the init containers: [${initContainers.map(({ name }) => name).join(' ')}]`
      : ''
  throw badRequest(
    `a container name must be specified for pod ${pod.metadata.name}, choose one of: [${choice}]${inits}`,
  )
}

const waiting = (container: string, { metadata }: Pod): StatusError =>
  badRequest(`container "${container}" in pod "${metadata.name}" is waiting to start: ContainerCreating`)

/** Passes a plain request on and its answer back as it comes; ends it when the caller goes away. */
function relay({ host, port, path }: Target, agent: Agent, ctx: ApiContext): Promise<void> {
  return new Promise((resolve, reject) => {
    const request = httpsRequest({ host, port, path, method: ctx.method, agent }, answer => {
      clearTimeout(timer)
      if ((answer.statusCode ?? 500) >= 400) return void readError(answer).then(reject, reject)
      ctx.respond = false
      ctx.res.writeHead(answer.statusCode ?? 200, {
        'content-type': answer.headers['content-type'] ?? 'text/plain',
      })
      answer.on('data', chunk => ctx.res.write(chunk))
      answer.on('end', () => ctx.res.end(resolve))
      answer.on('error', () => ctx.res.destroy())
    })
    const timer = setTimeout(() => request.destroy(new Error('i/o timeout')), CONNECT_DEADLINE)
    request.on('error', ({ message }) =>
      reject(internalError(`error dialing backend: ${host}:${port}: ${message}`)),
    )
    ctx.res.on('close', () => {
      request.destroy()
      resolve()
    })
    request.end()
  })
}

/** What a kubelet refuses in plain text, as a Status. */
async function readError(answer: IncomingMessage): Promise<never> {
  let message = ''
  for await (const chunk of answer) message += chunk
  const code = answer.statusCode ?? 500
  if (code === 400) throw badRequest(message.trim())
  throw new StatusError({
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Failure',
    message: message.trim(),
    reason: code === 404 ? 'NotFound' : 'InternalError',
    code,
  })
}
