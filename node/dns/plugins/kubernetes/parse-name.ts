/** What a name below the cluster's zone asks for. */
export interface NameRequest {
  /** `svc` or `pod`; '' for the zone's apex. */
  kind: '' | 'svc' | 'pod'
  /** '' for `svc.ZONE` itself. */
  namespace: string
  /** The Service, or the Pod's address with dashes; '' for `NAMESPACE.svc.ZONE` itself. */
  name: string
  /** Without underscore; '' for any. */
  port: string
  protocol: string
  /** Hostname or dashed address of one endpoint; '' for all. */
  endpoint: string
}

/**
 * Takes apart what is in front of the zone: `[[endpoint.|_port._proto.]name.]namespace.(svc|pod)`. Undefined for a name
 * that can never be (NXDOMAIN).
 */
export function parseName(relative: string): NameRequest | undefined {
  const request: NameRequest = { kind: '', namespace: '', name: '', port: '', protocol: '', endpoint: '' }
  if (relative === '') return request
  const labels = relative.split('.')
  const kind = labels.pop()
  if (kind !== 'svc' && kind !== 'pod') return undefined
  request.kind = kind
  request.namespace = labels.pop() ?? ''
  request.name = labels.pop() ?? ''
  if (labels.length === 0) return request
  if (labels.length === 1) return { ...request, endpoint: labels[0]! }
  if (labels.length > 2) return undefined
  const [port, protocol] = labels as [string, string]
  return { ...request, port: stripUnderscore(port), protocol: stripUnderscore(protocol) }
}

const stripUnderscore = (label: string): string => (label.startsWith('_') ? label.slice(1) : label)
