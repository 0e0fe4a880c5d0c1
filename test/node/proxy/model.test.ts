import test from 'ava'
import type { EndpointSlice, Service } from '../../../api/kinds/types.ts'
import { diffModels, serviceModels } from '../../../node/proxy/model.ts'
import type { EndpointModel, ServicePortModel } from '../../../plugins/proxy.ts'
import { service, slice } from '../../helpers/proxy-lab.ts'

const HERE = { name: 'here', zone: 'a' }

/** An endpoint 10.0.0.N in words: `ready`, `draining` (terminating, serving), `gone` (terminating, not serving) … */
function endpoint(n: number, state: string, nodeName: string, hints?: object) {
  const conditions = {
    ready: { ready: true, serving: true, terminating: false },
    starting: { ready: false, serving: false, terminating: false },
    draining: { ready: false, serving: true, terminating: true },
    gone: { ready: false, serving: false, terminating: true },
  }[state]
  return { addresses: [`10.0.0.${n}`], conditions, nodeName, hints }
}

function model(spec: object, endpoints: object[], rest: object = {}): ServicePortModel {
  const object = service('web', '10.96.0.1', spec, rest) as unknown as Service
  const slices = [slice('web', endpoints) as unknown as EndpointSlice]
  return [...serviceModels(object, slices, HERE).values()][0]!
}

const addresses = (endpoints: EndpointModel[]): string[] => endpoints.map(({ address }) => address)

test('a Service has one model per port and address family', t => {
  const object = service('web', '10.96.0.1', {
    clusterIPs: ['10.96.0.1', 'fd00::1'],
    ports: [
      { name: 'http', port: 80, protocol: 'TCP' },
      { name: 'dns', port: 53, protocol: 'UDP' },
    ],
  }) as unknown as Service
  t.deepEqual(
    [...serviceModels(object, [], HERE).keys()],
    ['default/web:http/IPv4', 'default/web:dns/IPv4', 'default/web:http/IPv6', 'default/web:dns/IPv6'],
  )
})

for (const [what, spec, rest] of [
  ['a headless Service', { clusterIP: 'None', clusterIPs: ['None'] }],
  ['an ExternalName Service', { type: 'ExternalName', clusterIP: '', clusterIPs: [] }],
  [
    'a Service that names another proxy',
    {},
    {
      metadata: {
        name: 'web',
        namespace: 'default',
        labels: { 'service.kubernetes.io/service-proxy-name': 'x' },
      },
    },
  ],
] as [string, object, object?][]) {
  test(`nothing is made for ${what}`, t => {
    const object = service('web', '10.96.0.1', spec, rest) as unknown as Service
    t.is(serviceModels(object, [], HERE).size, 0)
  })
}

interface Case {
  spec: object
  endpoints: object[]
  cluster: string[]
  local: string[]
  has?: boolean
}

const external = {
  type: 'NodePort',
  externalTrafficPolicy: 'Local',
  ports: [{ name: 'http', port: 80, nodePort: 30_000 }],
}
const mixed = [endpoint(1, 'ready', 'here'), endpoint(2, 'ready', 'there'), endpoint(3, 'starting', 'here')]

const cases: Record<string, Case> = {
  'traffic goes to all ready endpoints': {
    spec: {},
    endpoints: mixed,
    cluster: ['10.0.0.1', '10.0.0.2'],
    local: [],
  },
  'internal policy Local keeps to the node': {
    spec: { internalTrafficPolicy: 'Local' },
    endpoints: mixed,
    cluster: [],
    local: ['10.0.0.1'],
  },
  'external policy Local has both lists': {
    spec: external,
    endpoints: mixed,
    cluster: ['10.0.0.1', '10.0.0.2'],
    local: ['10.0.0.1'],
  },
  'external policy Local without endpoints here knows that others have some': {
    spec: { ...external, internalTrafficPolicy: 'Local' },
    endpoints: [endpoint(2, 'ready', 'there')],
    cluster: ['10.0.0.2'],
    local: [],
    has: true,
  },
  'endpoints that end but serve are used when none is ready': {
    spec: {},
    endpoints: [
      endpoint(1, 'draining', 'here'),
      endpoint(2, 'gone', 'there'),
      endpoint(3, 'starting', 'there'),
    ],
    cluster: ['10.0.0.1'],
    local: [],
  },
  'endpoints that end are left alone while another is ready': {
    spec: {},
    endpoints: [endpoint(1, 'draining', 'here'), endpoint(2, 'ready', 'there')],
    cluster: ['10.0.0.2'],
    local: [],
  },
  'the fallback to ending endpoints is made for the node by itself': {
    spec: external,
    endpoints: [endpoint(1, 'draining', 'here'), endpoint(2, 'ready', 'there')],
    cluster: ['10.0.0.2'],
    local: ['10.0.0.1'],
  },
  'a Service without endpoints has none': { spec: {}, endpoints: [], cluster: [], local: [], has: false },
  'hints for the zone are followed': {
    spec: {},
    endpoints: [
      endpoint(1, 'ready', 'there', { forZones: [{ name: 'a' }] }),
      endpoint(2, 'ready', 'there', { forZones: [{ name: 'b' }] }),
    ],
    cluster: ['10.0.0.1'],
    local: [],
  },
  'hints for the node come before those for the zone': {
    spec: {},
    endpoints: [
      endpoint(1, 'ready', 'there', { forZones: [{ name: 'a' }], forNodes: [{ name: 'there' }] }),
      endpoint(2, 'ready', 'here', { forZones: [{ name: 'a' }], forNodes: [{ name: 'here' }] }),
    ],
    cluster: ['10.0.0.2'],
    local: [],
  },
  'hints are ignored when one ready endpoint has none': {
    spec: {},
    endpoints: [endpoint(1, 'ready', 'there', { forZones: [{ name: 'a' }] }), endpoint(2, 'ready', 'there')],
    cluster: ['10.0.0.1', '10.0.0.2'],
    local: [],
  },
  'hints are ignored when none is for this zone': {
    spec: {},
    endpoints: [endpoint(1, 'ready', 'there', { forZones: [{ name: 'b' }] })],
    cluster: ['10.0.0.1'],
    local: [],
  },
}

for (const [title, { spec, endpoints, cluster, local, has = true }] of Object.entries(cases)) {
  test(title, t => {
    const found = model(spec, endpoints)
    t.deepEqual(addresses(found.clusterEndpoints), cluster)
    t.deepEqual(addresses(found.localEndpoints), local)
    t.is(found.hasEndpoints, has)
  })
}

test('an endpoint in two slices counts once, with the better state', t => {
  const object = service('web', '10.96.0.1') as unknown as Service
  const slices = [
    slice('web', [endpoint(1, 'starting', 'here')]),
    slice('web', [endpoint(1, 'ready', 'here')]),
  ]
  const [found] = serviceModels(object, slices as unknown as EndpointSlice[], HERE).values()
  t.deepEqual(addresses(found!.clusterEndpoints), ['10.0.0.1'])
})

test('session affinity has its timeout, 3 hours by default', t => {
  const withTimeout = {
    sessionAffinity: 'ClientIP',
    sessionAffinityConfig: { clientIP: { timeoutSeconds: 7 } },
  }
  t.is(model(withTimeout, []).affinityTimeout, 7)
  t.is(model({ sessionAffinity: 'ClientIP' }, []).affinityTimeout, 10_800)
  t.is(model({}, []).affinityTimeout, undefined)
})

test('load balancer addresses count unless the balancer wants the traffic itself', t => {
  const ingress = [
    { ip: '203.0.113.1' },
    { ip: '203.0.113.2', ipMode: 'Proxy' },
    { ip: '203.0.113.3', ipMode: 'VIP' },
  ]
  const spec = { type: 'LoadBalancer', loadBalancerSourceRanges: [' 10.0.0.0/8 ', 'fd00::/8'] }
  const found = model(spec, [], { status: { loadBalancer: { ingress } } })
  t.deepEqual(found.loadBalancerIPs, ['203.0.113.1', '203.0.113.3'])
  t.deepEqual(found.loadBalancerSourceRanges, ['10.0.0.0/8'])
})

test('only what changed is set, and what is gone is removed', t => {
  const a = model({}, [])
  const b = { ...a, id: 'b', port: 81 }
  const old = new Map([a, b].map(one => [one.id, one]))
  const next = new Map([[a.id, { ...a, port: 82 }]])
  t.deepEqual(diffModels(old, next), { set: [{ ...a, port: 82 }], removed: ['b'] })
  t.deepEqual(diffModels(old, structuredClone(old)), { set: [], removed: [] })
})
