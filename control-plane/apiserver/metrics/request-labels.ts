import type { RequestInfo } from '../pipeline/request-info.ts'
import type { Labels } from './tables.ts'

/** What tells series of requests apart, as upstream tells it. */
export interface RequestLabels extends Labels {
  verb: string
  group: string
  version: string
  resource: string
  subresource: string
  scope: string
  component: string
}

/** Requests for paths that lead nowhere count as one from a number of series on; see `RequestMetrics`. */
export const UNTOLD = { group: '', version: '', resource: '', subresource: '' }

const CONNECTIONS = new Set(['log', 'exec', 'portforward', 'attach', 'proxy'])
/** Methods that are told by their names. */
const METHODS = new Set(['CONNECT', 'DELETE', 'GET', 'PATCH', 'POST', 'PUT'])
const APPLY = 'application/apply-patch+yaml'
const HEALTH = new Set(['/healthz', '/livez', '/readyz'])

export function labelsOf(info: RequestInfo, contentType: string | undefined): RequestLabels {
  const { group, version, resource, isResourceRequest, path } = info
  const subresource = isResourceRequest || !HEALTH.has(path) ? info.subresource : path
  const verb = reportedVerb(info, contentType)
  return { verb, group, version, resource, subresource, scope: scopeOf(info), component: 'apiserver' }
}

/** The method, but for reads, which are told by what they are: `LIST`, `WATCH`, and `CONNECT`, `APPLY`. */
export function reportedVerb(info: RequestInfo, contentType: string | undefined): string {
  const { method, verb, subresource, isResourceRequest } = info
  if (isResourceRequest && CONNECTIONS.has(subresource)) return 'CONNECT'
  switch (method) {
    case 'GET':
    case 'HEAD':
      return isResourceRequest && verb !== 'get' ? verb.toUpperCase() : 'GET'
    case 'PATCH':
      return contentType === APPLY ? 'APPLY' : 'PATCH'
    default:
      return METHODS.has(method) ? method : 'other'
  }
}

export function scopeOf({ isResourceRequest, name, namespace, method }: RequestInfo): string {
  if (!isResourceRequest) return ''
  if (name !== undefined || method === 'POST') return 'resource'
  return namespace === undefined ? 'cluster' : 'namespace'
}

/** What a request says of `dryRun`: nothing, `All`, or what is no value of it. */
export function dryRunOf({ query }: RequestInfo): string {
  if (query.size === 0) return ''
  const values = query.getAll('dryRun')
  if (values.length === 0) return ''
  return values.every(value => value === 'All') ? 'All' : 'invalid'
}

/** Parts of a control plane, as their clients call themselves: `kube-scheduler/v1.34.0 …`. */
const SYSTEM_CLIENT = /^(kube-apiserver|kube-controller-manager|kube-scheduler|cluster-policy-controller)\//

export function systemClientOf(agent: string | undefined): string {
  // Most are not, and seen to be so at once.
  if (agent === undefined || !(agent.startsWith('kube-') || agent.startsWith('cluster-'))) return ''
  return SYSTEM_CLIENT.exec(agent)?.[1] ?? ''
}
