import test from 'ava'
import { endpoints, pods, services } from '../../../../api/kinds/core.ts'
import { endpointSlices } from '../../../../api/kinds/discovery.ts'
import type { EndpointSlice, Pod } from '../../../../api/kinds/types.ts'
import { startTestControlLoops, type TestControlLoops } from '../../../helpers/control-loops.ts'
import type { Outcome } from '../../../helpers/fake-kubelet.ts'

let loops: TestControlLoops
const outcomes = new Map<string, Outcome>()

test.before(async () => {
  const outcome = ({ metadata }: Pod): Outcome => outcomes.get(metadata.name) ?? 'ready'
  loops = await startTestControlLoops({ nodes: ['n1'], kubelet: { outcome, deletes: false } })
  await Promise.all([loops.watched(endpointSlices), loops.watched(endpoints), loops.watched(pods)])
})
test.after.always(() => loops?.stop())

const createPod = (app: string, name: string, containerPort = 8080): Promise<Pod> =>
  loops.client.create(pods, {
    metadata: { name, namespace: 'default', labels: { app } },
    spec: { containers: [{ name: 'c', image: 'i', ports: [{ name: 'web', containerPort }] }] },
  } as never)

const createService = (name: string, spec: object = {}): Promise<unknown> =>
  loops.client.create(services, {
    metadata: { name, namespace: 'default', labels: { team: 'a' } },
    spec: { selector: { app: name }, ports: [{ name: 'http', port: 80, targetPort: 'web' }], ...spec },
  } as never)

const slicesOf = (service: string): EndpointSlice[] =>
  loops.informers
    .informer(endpointSlices)
    .list()
    .filter(({ metadata }) => metadata.labels?.['kubernetes.io/service-name'] === service)

const endpointsOf = (service: string) => slicesOf(service).flatMap(slice => slice.endpoints ?? [])
const until = (isWanted: () => unknown): Promise<void> => loops.waitUntil(endpointSlices, isWanted)

test('a Service has its ready Pods in a slice, with the port that is named', async t => {
  await createService('web')
  await createPod('web', 'web-1')
  await until(() => endpointsOf('web')[0]?.conditions?.ready)
  const [slice] = slicesOf('web')
  t.regex(slice!.metadata.annotations!['endpoints.kubernetes.io/last-change-trigger-time']!, /Z$/)
  t.like(slice, { addressType: 'IPv4', ports: [{ name: 'http', port: 8080, protocol: 'TCP' }] })
  t.like(slice!.metadata.labels, {
    team: 'a',
    'kubernetes.io/service-name': 'web',
    'endpointslice.kubernetes.io/managed-by': 'endpointslice-controller.k8s.io',
  })
  t.like(slice!.endpoints[0], {
    conditions: { ready: true, serving: true, terminating: false },
    nodeName: 'n1',
    targetRef: { kind: 'Pod', name: 'web-1', namespace: 'default' },
  })
  await loops.waitFor(endpoints, 'default/web', ({ subsets }) => subsets?.[0]?.addresses?.length === 1)
})

test('a Pod that is not ready is known but gets no traffic', async t => {
  outcomes.set('slow-1', 'not-ready')
  await createService('slow')
  await createService('eager', { selector: { app: 'slow' }, publishNotReadyAddresses: true })
  await createPod('slow', 'slow-1')
  await until(() => endpointsOf('slow').length === 1 && endpointsOf('eager').length === 1)
  t.like(endpointsOf('slow')[0]!.conditions, { ready: false, serving: false })
  t.like(endpointsOf('eager')[0]!.conditions, { ready: true, serving: false })
  const { subsets } = await loops.waitFor(endpoints, 'default/slow', object => object.subsets?.length === 1)
  t.is(subsets![0]!.addresses, undefined)
  t.is(subsets![0]!.notReadyAddresses!.length, 1)
})

test('a Pod that is going is marked as terminating until it is gone', async t => {
  await createService('going')
  const pod = await createPod('going', 'going-1')
  await until(() => endpointsOf('going')[0]?.conditions?.ready)
  await loops.client.delete(pods, pod.metadata)
  await until(() => endpointsOf('going')[0]?.conditions?.terminating)
  t.like(endpointsOf('going')[0]!.conditions, { ready: false, serving: true, terminating: true })
  await loops.client.delete(pods, pod.metadata, { gracePeriodSeconds: 0 })
  await until(() => slicesOf('going').length === 1 && endpointsOf('going').length === 0)
})

test('a headless Service is marked as one', async t => {
  await createService('headless', { clusterIP: 'None' })
  await until(() => slicesOf('headless').length === 1)
  t.is(slicesOf('headless')[0]!.metadata.labels?.['service.kubernetes.io/headless'], '')
})

test('slices and Endpoints go with their Service', async t => {
  await createService('short')
  await createPod('short', 'short-1')
  await until(() => endpointsOf('short').length === 1)
  await loops.client.delete(services, { name: 'short', namespace: 'default' })
  await until(() => slicesOf('short').length === 0)
  await loops.waitUntil(endpoints, cache => !cache.get('default/short'))
  t.pass()
})

test('many Pods that come at once make no slice twice', async t => {
  await createService('crowd')
  await Promise.all(Array.from({ length: 30 }, (_, i) => createPod('crowd', `crowd-${i}`)))
  await until(() => endpointsOf('crowd').filter(({ conditions }) => conditions?.ready).length === 30)
  t.is(slicesOf('crowd').length, 1)
  t.is(new Set(endpointsOf('crowd').map(({ addresses }) => addresses[0])).size, 30)
})
