import test from 'ava'
import { services } from '../../../api/kinds/core.ts'
import { ipAddresses, serviceCidrs } from '../../../api/kinds/networking.ts'
import type { ApiObject } from '../../../api/meta/object.ts'
import { until } from '../../helpers/admission-webhook.ts'
import { startTestControlLoops, type TestControlLoops } from '../../helpers/control-loops.ts'

const RANGES = '/apis/networking.k8s.io/v1/servicecidrs'
const SERVICES = '/api/v1/namespaces/default/services'

let loops: TestControlLoops
test.before(async () => {
  loops = await startTestControlLoops({ scheduler: false })
  await Promise.all([serviceCidrs, ipAddresses, services].map(kind => loops.watched(kind)))
})
test.after.always(() => loops?.stop())

const createRange = (name: string, cidr: string) =>
  loops.api.raw(RANGES, { body: { metadata: { name }, spec: { cidrs: [cidr] } } })
const createService = (name: string, clusterIP?: string) =>
  loops.api.raw(SERVICES, { body: { metadata: { name }, spec: { clusterIP, ports: [{ port: 80 }] } } })
const readyOf = ({ status }: ApiObject) =>
  (status?.conditions ?? []).find(({ type }: { type: string }) => type === 'Ready') ?? {}
const isReady = (range: ApiObject): boolean => readyOf(range).status === 'True'

test('the network of the API server is shown, held and ready', async t => {
  const range = await loops.waitFor(
    serviceCidrs,
    'kubernetes',
    found => isReady(found) && found.metadata.finalizers,
  )
  t.deepEqual(range.spec!.cidrs, ['10.96.0.0/16'])
  t.deepEqual(range.metadata.finalizers, ['networking.k8s.io/service-cidr-finalizer'])
  const shown = await loops.api.kubectl('1.33', 'get', 'servicecidr')
  t.regex(shown, /^NAME +CIDRS +AGE\n(.*\n)*kubernetes +10\.96\.0\.0\/16 /)
})

test('a Service can have an address of a network that was added, and the network waits for it to go', async t => {
  const refused = await createService('too-early', '10.211.0.5')
  t.is(refused.status, 422)
  t.regex(
    refused.body.message,
    /failed to allocate IP 10\.211\.0\.5: the provided network does not match the current range/,
  )
  t.is((await createRange('added', '10.211.0.0/28')).status, 201)
  const range = await loops.waitFor(serviceCidrs, 'added', isReady)
  t.is(readyOf(range).message, 'Kubernetes Service CIDR is ready')
  // The API server learns of it by a watch of its own.
  await until(async () => (await createService('asks', '10.211.0.5')).status === 201)
  const address = await loops.waitFor(ipAddresses, '10.211.0.5', () => true)
  t.is(address.metadata.labels!['ipaddress.kubernetes.io/ip-family'], 'IPv4')
  t.regex(
    (await createService('ends', '10.211.0.15')).body.message,
    /failed to allocate IP 10\.211\.0\.15: the provided network does not match the current range/,
  )

  await loops.api.raw(`${RANGES}/added`, { method: 'DELETE' })
  const going = await loops.waitFor(serviceCidrs, 'added', found => readyOf(found).status === 'False')
  t.like(readyOf(going), {
    reason: 'Terminating',
    message:
      'There are still IPAddresses referencing the ServiceCIDR, please remove them or create a new ServiceCIDR',
  })
  await until(async () => (await createService('too-late', '10.211.0.6')).status === 422)
  await loops.api.raw(`${SERVICES}/asks`, { method: 'DELETE' })
  await until(async () => (await loops.api.raw(`${RANGES}/added`)).status === 404)
  t.pass()
})

test('a network that lies in another one goes although its addresses are taken', async t => {
  await createRange('wide', '10.212.0.0/24')
  await createRange('narrow', '10.212.0.0/28')
  for (const name of ['wide', 'narrow']) await loops.waitFor(serviceCidrs, name, isReady)
  await until(async () => (await createService('within', '10.212.0.3')).status === 201)
  await loops.api.raw(`${RANGES}/narrow`, { method: 'DELETE' })
  await until(async () => (await loops.api.raw(`${RANGES}/narrow`)).status === 404)
  t.is((await loops.api.raw(`${RANGES}/wide`)).status, 200)
})

test('an address at the edge of a network is given where a wider one has it, and holds that one', async t => {
  const ends = ['10.213.0.16', '10.213.0.31']
  await createRange('inner', '10.213.0.16/28')
  await loops.waitFor(serviceCidrs, 'inner', isReady)
  await until(async () => (await createService('inside', '10.213.0.20')).status === 201)
  for (const [i, end] of ends.entries()) t.is((await createService(`edge-${i}`, end)).status, 422)
  await createRange('outer', '10.213.0.0/24')
  await loops.waitFor(serviceCidrs, 'outer', isReady)
  for (const [i, end] of ends.entries()) {
    await until(async () => (await createService(`edge-${i}`, end)).status === 201)
    await loops.waitFor(ipAddresses, end, () => true)
  }
  t.is((await createService('first', '10.213.0.0')).status, 422)
  t.is((await createService('last', '10.213.0.255')).status, 422)

  await loops.api.raw(`${RANGES}/outer`, { method: 'DELETE' })
  const going = await loops.waitFor(serviceCidrs, 'outer', found => readyOf(found).status === 'False')
  t.is(readyOf(going).reason, 'Terminating')
})
