import { isIP } from 'node:net'
import type { Endpoint, EndpointPort, EndpointSlice, Service } from '../../../../api/kinds/types.ts'
import { type Directory, isReady } from './directory.ts'
import type { NameRequest } from './parse-name.ts'

/** One place a name leads to. */
export interface Place {
  /** An address, or the name an ExternalName Service stands for. */
  host: string
  family: 4 | 6 | 'name'
  port: number
  /** The name of its own: an endpoint's, or the Service's. The target of SRV records. */
  owner: string
}

/** How names are made, as the Corefile says. */
export interface FindOptions {
  zone: string
  /** Endpoints without a hostname go by their Pod's name instead of their address. */
  usesPodNames: boolean
  pods: 'disabled' | 'insecure' | 'verified'
  /** Services that have endpoints nowhere do not exist. */
  ignoresEmpty: boolean
  /** Only these are shown; empty for all. */
  namespaces: string[]
}

/**
 * The places of a name. An empty list says that the name exists and has none; undefined, that there is no such name.
 */
export function findPlaces(
  directory: Directory,
  request: NameRequest,
  options: FindOptions,
): Place[] | undefined {
  if (request.kind === '' || request.namespace === '') return []
  if (!isShown(directory, request.namespace, options)) return undefined
  if (request.name === '') return []
  return request.kind === 'pod'
    ? findPod(directory, request, options)
    : findService(directory, request, options)
}

export function isShown(directory: Directory, namespace: string, { namespaces }: FindOptions): boolean {
  return directory.hasNamespace(namespace) && (namespaces.length === 0 || namespaces.includes(namespace))
}

/** `1-2-3-4.NAMESPACE.pod`: the address is the name. */
function findPod(directory: Directory, request: NameRequest, options: FindOptions): Place[] | undefined {
  const { namespace, name } = request
  if (options.pods === 'disabled' || request.endpoint !== '' || request.port !== '') return undefined
  const isFour = /^\d+-\d+-\d+-\d+$/.test(name)
  const host = name.replaceAll('-', isFour ? '.' : ':')
  if (isIP(host) === 0) return undefined
  if (options.pods === 'verified' && !directory.hasPod(namespace, host)) return undefined
  return [{ host, family: isFour ? 4 : 6, port: 0, owner: `${name}.${namespace}.pod.${options.zone}` }]
}

function findService(directory: Directory, request: NameRequest, options: FindOptions): Place[] | undefined {
  const service = directory.service(request.namespace, request.name)
  if (!service) return undefined
  if (service.spec.type === 'ExternalName') return externalName(service, request)
  const isHeadless = service.spec.clusterIP === 'None'
  const slices =
    isHeadless || request.endpoint !== '' || options.ignoresEmpty ? slicesOf(directory, request) : []
  if (isHeadless || request.endpoint !== '') return endpointPlaces(slices, request, options)
  if (options.ignoresEmpty && !slices.some(slice => slice.endpoints?.some(isReady))) return undefined
  return clusterIPPlaces(service, request, options)
}

const slicesOf = (directory: Directory, { namespace, name }: NameRequest): EndpointSlice[] =>
  directory.slicesOf(namespace, name)

function externalName({ spec }: Service, request: NameRequest): Place[] | undefined {
  if (request.endpoint || request.port || request.protocol) return undefined
  const host = (spec.externalName ?? '').toLowerCase().replace(/\.$/, '')
  return isIP(host) ? undefined : [{ host, family: 'name', port: 0, owner: host }]
}

function clusterIPPlaces(
  { spec }: Service,
  request: NameRequest,
  { zone }: FindOptions,
): Place[] | undefined {
  const owner = `${request.name}.${request.namespace}.svc.${zone}`
  const addresses = spec.clusterIPs?.length ? spec.clusterIPs : [spec.clusterIP ?? '']
  const ports = (spec.ports ?? []).filter(port => matchesPort(port, request))
  if (ports.length === 0) return undefined
  return ports.flatMap(({ port }) => addresses.map(host => ({ host, family: familyOf(host), port, owner })))
}

function endpointPlaces(
  slices: EndpointSlice[],
  request: NameRequest,
  options: FindOptions,
): Place[] | undefined {
  const places: Place[] = []
  for (const { ports, endpoints } of slices) {
    for (const endpoint of endpoints ?? []) {
      if (!isReady(endpoint)) continue
      for (const host of endpoint.addresses) {
        const name = endpointName(endpoint, host, options)
        if (request.endpoint !== '' && request.endpoint !== name) continue
        const owner = `${name}.${request.name}.${request.namespace}.svc.${options.zone}`
        for (const port of portsOf(ports, request)) {
          places.push({ host, family: familyOf(host), port: port.port ?? 0, owner })
        }
      }
    }
  }
  return places.length > 0 ? places : undefined
}

/** A headless Service may have no port at all: its addresses count all the same. */
function portsOf(ports: EndpointPort[] | undefined, request: NameRequest): EndpointPort[] {
  const all = ports?.length ? ports : [{}]
  return all.filter(port => matchesPort(port, request))
}

function matchesPort(
  { name = '', protocol = 'TCP' }: { name?: string; protocol?: string },
  request: NameRequest,
): boolean {
  if (request.port !== '' && request.port !== name.toLowerCase()) return false
  return request.protocol === '' || request.protocol === protocol.toLowerCase()
}

/** Its hostname, or its Pod's name where that is wanted, or its address with dashes. */
export function endpointName(endpoint: Endpoint, address: string, options: FindOptions): string {
  if (endpoint.hostname) return endpoint.hostname.toLowerCase()
  const pod = endpoint.targetRef?.name
  if (options.usesPodNames && pod) return pod.toLowerCase()
  return address.replace(/[.:]/g, '-')
}

const familyOf = (address: string): 4 | 6 => (address.includes(':') ? 6 : 4)
