import test from 'ava'
import { namespaces, pods, services } from '../../../api/kinds/core.ts'
import { endpointSlices } from '../../../api/kinds/discovery.ts'
import { describeRecord, startTestDns, type TestDns } from '../../helpers/dns-client.ts'

const COREFILE = `.:53 {
  errors
  kubernetes cluster.local in-addr.arpa ip6.arpa {
    pods insecure
    fallthrough in-addr.arpa ip6.arpa
  }
  template IN A outside.example {
    answer "{{ .Name }} 60 IN A 192.0.2.9"
  }
}`

const service = (name: string, spec: object) => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name, namespace: 'shop' },
  spec: { type: 'ClusterIP', ...spec },
})
const web = {
  clusterIP: '10.96.3.1',
  clusterIPs: ['10.96.3.1', 'fd00::31'],
  ports: [
    { name: 'http', port: 80, protocol: 'TCP' },
    { name: 'dns', port: 53, protocol: 'UDP' },
  ],
}

function slice(name: string, endpoints: object[], addressType = 'IPv4') {
  return {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: {
      name: `${name}-${addressType}`,
      namespace: 'shop',
      labels: { 'kubernetes.io/service-name': name },
    },
    addressType,
    ports: [{ name: 'sql', port: 5_432, protocol: 'TCP' }],
    endpoints,
  }
}

function fill({ informers }: Pick<TestDns, 'informers'>): void {
  const namespace = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'shop' } }
  informers.set<any>(namespaces, namespace)
  informers.set<any>(
    services,
    service('web', web),
    service('db', { clusterIP: 'None', clusterIPs: ['None'], ports: [{ name: 'sql', port: 5_432 }] }),
    service('empty', { clusterIP: 'None', clusterIPs: ['None'], ports: [{ name: 'sql', port: 5_432 }] }),
    service('away', { type: 'ExternalName', externalName: 'www.outside.example' }),
    service('alias', { type: 'ExternalName', externalName: 'web.shop.svc.cluster.local.' }),
    service('circle', { type: 'ExternalName', externalName: 'circle.shop.svc.cluster.local' }),
  )
  informers.set<any>(
    endpointSlices,
    slice('web', [{ addresses: ['10.244.1.3'], conditions: { ready: true } }]),
    slice('db', [
      { addresses: ['10.244.1.5'], hostname: 'db-0', conditions: { ready: true } },
      { addresses: ['10.244.1.6'], conditions: {} },
      { addresses: ['10.244.1.7'], hostname: 'db-2', conditions: { ready: false } },
    ]),
    slice('db', [{ addresses: ['fd00::5'], hostname: 'db-0', conditions: { ready: true } }], 'IPv6'),
  )
}

/** Question → answers; an rcode stands for a reply without answers. */
const cases: [string, string, string[] | 'NXDOMAIN' | 'NODATA'][] = [
  ['web.shop.svc.cluster.local', 'A', ['A 10.96.3.1']],
  ['web.shop.svc.cluster.local', 'AAAA', ['AAAA fd00::31']],
  ['web.shop.svc.cluster.local', 'TXT', 'NODATA'],
  ['web.shop.svc.cluster.local', 'MX', 'NODATA'],
  ['nothing.shop.svc.cluster.local', 'A', 'NXDOMAIN'],
  ['web.nowhere.svc.cluster.local', 'A', 'NXDOMAIN'],
  ['shop.svc.cluster.local', 'A', 'NODATA'],
  ['nowhere.svc.cluster.local', 'A', 'NXDOMAIN'],
  ['svc.cluster.local', 'A', 'NODATA'],
  ['pod.cluster.local', 'A', 'NODATA'],
  ['other.cluster.local', 'A', 'NXDOMAIN'],
  ['cluster.local', 'A', 'NODATA'],
  ['cluster.local', 'NS', ['NS ns.dns.cluster.local']],
  ['ns.dns.cluster.local', 'A', ['A 127.0.0.1']],
  ['dns-version.cluster.local', 'TXT', ['TXT 1.1.0']],
  ['_http._tcp.web.shop.svc.cluster.local', 'SRV', ['SRV 0 50 80 web.shop.svc.cluster.local']],
  ['_dns._udp.web.shop.svc.cluster.local', 'SRV', ['SRV 0 50 53 web.shop.svc.cluster.local']],
  ['_http._udp.web.shop.svc.cluster.local', 'SRV', 'NXDOMAIN'],
  ['_nope._tcp.web.shop.svc.cluster.local', 'SRV', 'NXDOMAIN'],
  ['_http._tcp.web.shop.svc.cluster.local', 'A', ['A 10.96.3.1']],
  ['db.shop.svc.cluster.local', 'A', ['A 10.244.1.5', 'A 10.244.1.6']],
  ['db.shop.svc.cluster.local', 'AAAA', ['AAAA fd00::5']],
  ['db-0.db.shop.svc.cluster.local', 'A', ['A 10.244.1.5']],
  ['db-0.db.shop.svc.cluster.local', 'AAAA', ['AAAA fd00::5']],
  ['db-2.db.shop.svc.cluster.local', 'A', 'NXDOMAIN'],
  ['10-244-1-6.db.shop.svc.cluster.local', 'A', ['A 10.244.1.6']],
  ['10-244-1-3.web.shop.svc.cluster.local', 'A', ['A 10.244.1.3']],
  ['empty.shop.svc.cluster.local', 'A', 'NXDOMAIN'],
  ['away.shop.svc.cluster.local', 'A', ['CNAME www.outside.example', 'A 192.0.2.9']],
  ['away.shop.svc.cluster.local', 'CNAME', ['CNAME www.outside.example']],
  ['away.shop.svc.cluster.local', 'TXT', 'NODATA'],
  ['alias.shop.svc.cluster.local', 'A', ['CNAME web.shop.svc.cluster.local', 'A 10.96.3.1']],
  ['10-244-9-9.shop.pod.cluster.local', 'A', ['A 10.244.9.9']],
  ['10-244-9-9.shop.pod.cluster.local', 'AAAA', 'NODATA'],
  ['fd00--7.shop.pod.cluster.local', 'AAAA', ['AAAA fd00::7']],
  ['10-244-9-9.nowhere.pod.cluster.local', 'A', 'NXDOMAIN'],
  ['no-address.shop.pod.cluster.local', 'A', 'NXDOMAIN'],
  ['1.3.96.10.in-addr.arpa', 'PTR', ['PTR web.shop.svc.cluster.local']],
  ['5.1.244.10.in-addr.arpa', 'PTR', ['PTR db-0.db.shop.svc.cluster.local']],
  ['6.1.244.10.in-addr.arpa', 'PTR', ['PTR 10-244-1-6.db.shop.svc.cluster.local']],
  ['a.b.c.d.shop.svc.cluster.local', 'A', 'NXDOMAIN'],
]

for (const [name, type, expected] of cases) {
  const words = typeof expected === 'string' ? expected : expected.join(', ')
  test(`${type} of ${name.slice(0, 50)} is ${words}`, async t => {
    const server = await startTestDns(t, COREFILE)
    fill(server)
    const reply = await server.ask(name, type)
    if (typeof expected === 'string') {
      t.is(reply.rcode, expected === 'NODATA' ? 'NOERROR' : 'NXDOMAIN')
      t.deepEqual(reply.answers, [])
      const [soa] = reply.authorities as any[]
      t.is(soa.type, 'SOA')
      t.is(soa.name, 'cluster.local')
      t.is(soa.data.minimum, 5)
      t.is(soa.ttl, 5)
    } else {
      t.is(reply.rcode, 'NOERROR')
      t.true(reply.flag_aa)
      t.deepEqual(reply.answers!.map(describeRecord), expected)
    }
  })
}

test('an IPv6 address has the name of its Service', async t => {
  const server = await startTestDns(t, COREFILE)
  fill(server)
  const nibbles = `fd00${'0'.repeat(24)}0031`.split('').reverse().join('.')
  t.deepEqual(await server.answers(`${nibbles}.ip6.arpa`, 'PTR'), ['PTR web.shop.svc.cluster.local'])
})

test('SRV of a headless Service names each endpoint and brings its addresses', async t => {
  const server = await startTestDns(t, COREFILE)
  fill(server)
  const reply = await server.ask('_sql._tcp.db.shop.svc.cluster.local', 'SRV', { udpSize: 1_232 })
  const targets = reply.answers!.map((record: any) => record.data.target)
  t.deepEqual(targets.sort(), ['10-244-1-6.db.shop.svc.cluster.local', 'db-0.db.shop.svc.cluster.local'])
  const brought = reply
    .additionals!.filter(({ type }) => type !== 'OPT')
    .map((record: any) => `${record.name} ${record.data}`)
  t.true(brought.includes('db-0.db.shop.svc.cluster.local 10.244.1.5'))
  t.true(brought.includes('db-0.db.shop.svc.cluster.local fd00::5'))
})

test('an alias of itself ends', async t => {
  const server = await startTestDns(t, COREFILE)
  fill(server)
  const answers = await server.answers('circle.shop.svc.cluster.local')
  t.true(answers.length > 0)
  t.true(answers.every(answer => answer === 'CNAME circle.shop.svc.cluster.local'))
})

test('changes are seen at once', async t => {
  const server = await startTestDns(t, COREFILE)
  fill(server)
  server.informers.set<any>(
    services,
    service('new', { ...web, clusterIP: '10.96.3.9', clusterIPs: ['10.96.3.9'] }),
  )
  t.deepEqual(await server.answers('new.shop.svc.cluster.local'), ['A 10.96.3.9'])
  server.informers.delete<any>(services, 'shop/new')
  t.is((await server.ask('new.shop.svc.cluster.local')).rcode, 'NXDOMAIN')
})

test('before the cluster is known the answer is SERVFAIL, and ready comes after', async t => {
  const server = await startTestDns(t, COREFILE, { synced: false })
  fill(server)
  t.is((await server.ask('web.shop.svc.cluster.local')).rcode, 'SERVFAIL')
  t.deepEqual(await server.answers('www.outside.example'), ['A 192.0.2.9'])
  server.informers.sync()
  await server.dns.ready
  t.deepEqual(await server.answers('web.shop.svc.cluster.local'), ['A 10.96.3.1'])
})

test('verified Pod names are those of Pods there are', async t => {
  const server = await startTestDns(t, '.:53 {\n kubernetes cluster.local {\n pods verified\n }\n}')
  fill(server)
  const pod = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'p', namespace: 'shop' }, spec: {} }
  server.informers.set<any>(pods, { ...pod, status: { podIPs: [{ ip: '10.244.1.5' }] } })
  t.deepEqual(await server.answers('10-244-1-5.shop.pod.cluster.local'), ['A 10.244.1.5'])
  t.is((await server.ask('10-244-1-6.shop.pod.cluster.local')).rcode, 'NXDOMAIN')
})

test('options choose namespaces, the TTL and how endpoints are named', async t => {
  const corefile = `.:53 {
    kubernetes cluster.local {
      namespaces other
      ttl 77
    }
  }`
  const server = await startTestDns(t, corefile)
  fill(server)
  t.is((await server.ask('web.shop.svc.cluster.local')).rcode, 'NXDOMAIN')
  server.informers.set<any>(namespaces, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'other' } })
  const other = { ...service('web', web), metadata: { name: 'web', namespace: 'other' } }
  server.informers.set<any>(services, other)
  const [answer] = (await server.ask('web.other.svc.cluster.local')).answers!
  t.is((answer as any).ttl, 77)
})
