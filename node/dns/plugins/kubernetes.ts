import type { InformerFactory } from '../../../api/client/client.ts'
import { namespaces, services } from '../../../api/kinds/core.ts'
import { endpointSlices } from '../../../api/kinds/discovery.ts'
import type { EndpointSlice, Service } from '../../../api/kinds/types.ts'
import type { DnsPlugin, DnsQuestion, DnsRecord, DnsReply } from '../../../plugins/dns.ts'

const TTL = 5
const SERVICE_NAME = 'kubernetes.io/service-name'

/** An address behind a Service, with the name it has there. */
interface Endpoint {
  hostname: string
  address: string
  ports: { name?: string; port?: number; protocol?: string }[]
}

/** Names of Services and Pods, straight from the caches (Kubernetes DNS specification 1.1). */
export function kubernetesPlugin(informers: InformerFactory, zone: string): DnsPlugin {
  const serviceCache = informers.informer(services)
  const sliceCache = informers.informer(endpointSlices)
  const namespaceCache = informers.informer(namespaces)
  sliceCache.addIndex('service', ({ metadata }) => [
    `${metadata.namespace}/${metadata.labels?.[SERVICE_NAME] ?? ''}`,
  ])
  serviceCache.addIndex('address', ({ spec }) =>
    spec.clusterIP && spec.clusterIP !== 'None' ? [spec.clusterIP] : [],
  )
  sliceCache.addIndex('address', ({ endpoints }) => (endpoints ?? []).flatMap(({ addresses }) => addresses))
  const isReady = (): boolean => serviceCache.hasSynced && sliceCache.hasSynced && namespaceCache.hasSynced

  const soa = (): DnsRecord => ({
    name: zone,
    type: 'SOA',
    ttl: TTL,
    data: {
      mname: `ns.dns.${zone}`,
      rname: `hostmaster.${zone}`,
      serial: Math.floor(Date.now() / 1000),
      refresh: 7_200,
      retry: 1_800,
      expire: 86_400,
      minimum: TTL,
    },
  })

  return {
    name: 'kubernetes',
    ready: isReady,
    resolve(question, next) {
      const isReverse = question.name.endsWith('.in-addr.arpa')
      const isOurs = question.name === zone || question.name.endsWith(`.${zone}`)
      if (!isOurs && !isReverse) return next()
      if (!isReady()) return { rcode: 'SERVFAIL', answers: [] }
      if (isReverse) return reverse(question) ?? next()
      return forward(question)
    },
  }

  function forward(question: DnsQuestion): DnsReply {
    const labels = question.name === zone ? [] : question.name.slice(0, -zone.length - 1).split('.')
    const kind = labels.at(-1)
    if (labels.length === 0) return found(question, [])
    if (labels.length === 1 && kind === 'dns-version')
      return found(question, [record(question, 'TXT', ['1.1.0'])])
    if (kind === 'svc') return serviceName(question, labels.slice(0, -1))
    return kind === 'pod' ? podName(question, labels.slice(0, -1)) : missing()
  }

  function serviceName(question: DnsQuestion, labels: string[]): DnsReply {
    const [namespace, name, ...rest] = [...labels].reverse()
    if (!namespace) return found(question, [])
    if (!namespaceCache.get(namespace)) return missing()
    if (!name) return found(question, [])
    const service = serviceCache.get(`${namespace}/${name}`)
    if (!service) return missing()
    if (service.spec.type === 'ExternalName') {
      return found(question, [record({ ...question, type: 'CNAME' }, 'CNAME', service.spec.externalName)])
    }
    if (rest.length === 2 && rest[0]?.startsWith('_') && rest[1]?.startsWith('_')) {
      return portName(question, service, rest[1].slice(1), rest[0].slice(1))
    }
    if (rest.length === 0)
      return found(
        question,
        addresses(service).map(({ address }) => record(question, 'A', address)),
      )
    const endpoint =
      rest.length === 1 ? endpointsOf(service).filter(({ hostname }) => hostname === rest[0]) : []
    return endpoint.length > 0
      ? found(
          question,
          endpoint.map(({ address }) => record(question, 'A', address)),
        )
      : missing()
  }

  /** `_port._protocol.service…`: SRV records. */
  function portName(question: DnsQuestion, service: Service, port: string, protocol: string): DnsReply {
    const base = `${service.metadata.name}.${service.metadata.namespace}.svc.${zone}`
    if (service.spec.clusterIP !== 'None') {
      const match = (service.spec.ports ?? []).find(
        ({ name, protocol: own }) => name === port && own?.toLowerCase() === protocol,
      )
      if (!match) return missing()
      const data = { priority: 0, weight: 100, port: match.port, target: base }
      return found(
        question,
        [record(question, 'SRV', data)],
        [{ name: base, type: 'A', ttl: TTL, data: service.spec.clusterIP }],
      )
    }
    const matching = endpointsOf(service).flatMap(({ hostname, address, ports }) =>
      ports
        .filter(({ name, protocol: own }) => name === port && own?.toLowerCase() === protocol)
        .map(({ port: number }) => ({ target: `${hostname}.${base}`, number, address })),
    )
    if (matching.length === 0) return missing()
    const weight = Math.floor(100 / matching.length)
    return found(
      question,
      matching.map(({ target, number }) =>
        record(question, 'SRV', { priority: 0, weight, port: number, target }),
      ),
      matching.map(({ target, address }) => ({ name: target, type: 'A', ttl: TTL, data: address })),
    )
  }

  /** `1-2-3-4.namespace.pod…` */
  function podName(question: DnsQuestion, labels: string[]): DnsReply {
    const [ip = '', namespace = ''] = labels
    const address = ip.replaceAll('-', '.')
    if (labels.length !== 2 || !namespaceCache.get(namespace) || !/^\d+(\.\d+){3}$/.test(address))
      return missing()
    return found(question, [record(question, 'A', address)])
  }

  function addresses(service: Service): { address: string }[] {
    return service.spec.clusterIP === 'None'
      ? endpointsOf(service)
      : [{ address: service.spec.clusterIP ?? '' }]
  }

  function endpointsOf({ metadata, spec }: Service): Endpoint[] {
    const slices = sliceCache.byIndex('service', `${metadata.namespace}/${metadata.name}`)
    return slices.flatMap(({ endpoints, ports }: EndpointSlice) =>
      (endpoints ?? [])
        .filter(({ conditions }) => conditions?.ready !== false || spec.publishNotReadyAddresses)
        .flatMap(({ addresses: all, hostname }) =>
          all.map(address => ({
            address,
            hostname: hostname ?? address.replaceAll('.', '-'),
            ports: ports ?? [],
          })),
        ),
    )
  }

  function reverse(question: DnsQuestion): DnsReply | undefined {
    const address = question.name.replace('.in-addr.arpa', '').split('.').reverse().join('.')
    const [service] = serviceCache.byIndex('address', address)
    if (service) {
      const name = `${service.metadata.name}.${service.metadata.namespace}.svc.${zone}`
      return found(question, [record(question, 'PTR', name)])
    }
    const [slice] = sliceCache.byIndex('address', address)
    const endpoint = slice?.endpoints?.find(({ addresses: all }) => all.includes(address))
    const name = slice?.metadata.labels?.[SERVICE_NAME]
    if (!endpoint || !name) return undefined
    const host = endpoint.hostname ?? address.replaceAll('.', '-')
    return found(question, [
      record(question, 'PTR', `${host}.${name}.${slice.metadata.namespace}.svc.${zone}`),
    ])
  }

  /** The records of the asked type; the SOA where the name is there and the type is not. */
  function found(question: DnsQuestion, records: DnsRecord[], additionals: DnsRecord[] = []): DnsReply {
    const answers = records.filter(
      ({ type }) => type === question.type || type === 'CNAME' || question.type === 'ANY',
    )
    return {
      rcode: 'NOERROR',
      authoritative: true,
      answers,
      ...(answers.length === 0 ? { authorities: [soa()] } : { additionals }),
    }
  }

  function missing(): DnsReply {
    return { rcode: 'NXDOMAIN', authoritative: true, answers: [], authorities: [soa()] }
  }
}

const record = ({ name }: DnsQuestion, type: string, data: unknown): DnsRecord => ({
  name,
  type,
  ttl: TTL,
  data,
})
