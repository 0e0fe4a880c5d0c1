import test from 'ava'
import { endpoints, services } from '../../../../api/kinds/core.ts'
import { endpointSlices } from '../../../../api/kinds/discovery.ts'
import type { EndpointSlice } from '../../../../api/kinds/types.ts'
import { mirrorSubsets } from '../../../../control-plane/controllers/endpoints/mirrored-slices.ts'
import { startTestControlLoops, type TestControlLoops } from '../../../helpers/control-loops.ts'

let loops: TestControlLoops
test.before(async () => {
  loops = await startTestControlLoops({ nodes: [] })
  await Promise.all([loops.watched(endpointSlices), loops.watched(endpoints), loops.watched(services)])
})
test.after.always(() => loops?.stop())

const createService = (name: string, spec: object = {}): Promise<unknown> =>
  loops.client.create(services, {
    metadata: { name, namespace: 'default' },
    spec: { ports: [{ port: 80 }], ...spec },
  } as never)

const createEndpoints = (name: string, subsets: object[], metadata: object = {}): Promise<unknown> =>
  loops.client.create(endpoints, { metadata: { name, namespace: 'default', ...metadata }, subsets } as never)

const slicesOf = (service: string): EndpointSlice[] =>
  loops.informers
    .informer(endpointSlices)
    .list()
    .filter(({ metadata }) => metadata.labels?.['kubernetes.io/service-name'] === service)
const until = (isWanted: () => unknown): Promise<void> => loops.waitUntil(endpointSlices, isWanted)

// One of upstream's conformance tests, since v1.21.
test('Endpoints written for a Service without a selector are mirrored, changed and deleted along', async t => {
  await createService('custom')
  const annotations = { a: 'b', 'kubectl.kubernetes.io/last-applied-configuration': '{}' }
  const subset = (ip: string, port: number) => ({ addresses: [{ ip }], ports: [{ name: 'p', port }] })
  await createEndpoints('custom', [subset('10.1.2.3', 80)], { labels: { team: 'a' }, annotations })
  await until(() => slicesOf('custom').length === 1)
  const [slice] = slicesOf('custom')
  t.like(slice, { addressType: 'IPv4', ports: [{ name: 'p', port: 80, protocol: 'TCP' }] })
  t.deepEqual(slice!.endpoints, [{ addresses: ['10.1.2.3'], conditions: { ready: true } }])
  t.deepEqual(slice!.metadata.annotations, { a: 'b' })
  t.deepEqual(slice!.metadata.labels, {
    team: 'a',
    'kubernetes.io/service-name': 'custom',
    'endpointslice.kubernetes.io/managed-by': 'endpointslicemirroring-controller.k8s.io',
  })
  t.is(slice!.metadata.ownerReferences![0]!.kind, 'Endpoints')
  const body = { subsets: [subset('10.2.3.4', 9090)] }
  await loops.client.patch(endpoints, { name: 'custom', namespace: 'default' }, { type: 'merge', body })
  await until(() => slicesOf('custom').every(({ ports }) => ports![0]!.port === 9090))
  t.deepEqual(
    slicesOf('custom').map(({ metadata, endpoints }) => [metadata.name, endpoints[0]!.addresses]),
    [[slice!.metadata.name, ['10.2.3.4']]],
  )
  await loops.client.delete(endpoints, { name: 'custom', namespace: 'default' })
  await until(() => slicesOf('custom').length === 0)
})

test('a Service that gets a selector, or Endpoints that ask not to be mirrored, lose their mirror', async t => {
  const subsets = [{ addresses: [{ ip: '10.1.2.3' }], ports: [{ port: 80 }] }]
  for (const name of ['selecting', 'skipped']) {
    await createService(name)
    await createEndpoints(name, subsets)
    await until(() => slicesOf(name).length === 1)
    t.deepEqual(slicesOf(name)[0]!.ports, [{ name: '', port: 80, protocol: 'TCP' }])
  }
  const isMirror = ({ metadata }: EndpointSlice): boolean =>
    metadata.labels!['endpointslice.kubernetes.io/managed-by'] !== 'endpointslice-controller.k8s.io'
  const merge = (body: object) => ({ type: 'merge' as const, body })
  const selector = merge({ spec: { selector: { app: 'x' } } })
  await loops.client.patch(services, { name: 'selecting', namespace: 'default' }, selector)
  const labels = merge({ metadata: { labels: { 'endpointslice.kubernetes.io/skip-mirror': 'true' } } })
  await loops.client.patch(endpoints, { name: 'skipped', namespace: 'default' }, labels)
  await until(() => ![...slicesOf('selecting'), ...slicesOf('skipped')].some(isMirror))
  t.pass()
})

test('addresses are put together by their ports and by their family', t => {
  const [http, dns] = [
    { name: 'http', port: 80 },
    { name: 'dns', port: 53, protocol: 'UDP' },
  ]
  const slices = mirrorSubsets([
    { addresses: [{ ip: '10.0.0.1' }, { ip: 'fd00::1' }], ports: [http] },
    { addresses: [{ ip: '10.0.0.1' }], notReadyAddresses: [{ ip: '10.0.0.2', nodeName: 'n' }], ports: [dns] },
  ])
  const shown = slices.map(({ addressType, ports, endpoints }) => [
    addressType,
    ports.map(({ name }) => name),
    endpoints.map(({ addresses, conditions, nodeName }) => [addresses[0], conditions?.ready, nodeName]),
  ])
  t.deepEqual(shown, [
    ['IPv4', ['dns', 'http'], [['10.0.0.1', true, undefined]]],
    ['IPv6', ['http'], [['fd00::1', true, undefined]]],
    ['IPv4', ['dns'], [['10.0.0.2', false, 'n']]],
  ])
})
