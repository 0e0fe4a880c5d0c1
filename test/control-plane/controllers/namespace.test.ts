import test from 'ava'
import { configMaps, namespaces, pods, serviceAccounts } from '../../../api/kinds/core.ts'
import { startTestControlLoops, type TestControlLoops } from '../../helpers/control-loops.ts'

let loops: TestControlLoops
test.before(async () => {
  loops = await startTestControlLoops({ nodes: ['n1'] })
  await Promise.all([loops.watched(namespaces), loops.watched(pods), loops.watched(serviceAccounts)])
})
test.after.always(() => loops?.stop())

const kubectl = (...args: string[]): Promise<string> => loops.api.kubectl('1.32', ...args)
const isGone = (name: string) => loops.waitUntil(namespaces, cache => !cache.get(name))

test('a new namespace gets a service account and the cluster CA', async t => {
  await loops.createNamespace('fresh')
  await loops.waitFor(serviceAccounts, 'fresh/default', () => true)
  const { data } = await loops.waitFor(configMaps, 'fresh/kube-root-ca.crt', () => true)
  t.is(data?.['ca.crt'], loops.api.pki.ca.cert)
})

test('what is deleted or changed of them comes back', async t => {
  await loops.createNamespace('mended')
  await loops.waitFor(serviceAccounts, 'mended/default', () => true)
  await kubectl('-n', 'mended', 'delete', 'serviceaccount', 'default')
  await loops.waitFor(serviceAccounts, 'mended/default', () => true)
  await loops.waitFor(configMaps, 'mended/kube-root-ca.crt', () => true)
  await kubectl('-n', 'mended', 'patch', 'configmap', 'kube-root-ca.crt', '-p', '{"data":{"ca.crt":"x"}}')
  const isMended = ({ data }: { data?: Record<string, string> }) => data?.['ca.crt'] === loops.api.pki.ca.cert
  await loops.waitFor(configMaps, 'mended/kube-root-ca.crt', isMended)
  t.pass()
})

test('a deleted namespace takes all that is in it along', async t => {
  await loops.createNamespace('full')
  await kubectl('-n', 'full', 'create', 'deployment', 'd', '--image=i', '--replicas=2')
  await kubectl('-n', 'full', 'create', 'configmap', 'm', '--from-literal=a=b')
  await loops.waitUntil(pods, cache => cache.list().filter(p => p.metadata.namespace === 'full').length === 2)
  await kubectl('delete', 'namespace', 'full')
  t.is((await loops.client.list(pods, { namespace: 'full' })).items.length, 0)
  t.is((await loops.client.list(configMaps, { namespace: 'full' })).items.length, 0)
})

test('a namespace that cannot be emptied says why', async t => {
  await loops.createNamespace('held')
  const metadata = { name: 'held', namespace: 'held', finalizers: ['example.com/hold'] }
  await loops.client.create(configMaps, { metadata })
  await kubectl('delete', 'namespace', 'held', '--wait=false')
  const { status } = await loops.waitFor(namespaces, 'held', object =>
    object.status?.conditions?.some(
      ({ type, status }) => type === 'NamespaceFinalizersRemaining' && status === 'True',
    ),
  )
  const message = (type: string) => status?.conditions?.find(condition => condition.type === type)?.message
  t.is(
    message('NamespaceContentRemaining'),
    'Some resources are remaining: configmaps. has 1 resource instances',
  )
  t.is(
    message('NamespaceFinalizersRemaining'),
    'Some content in the namespace has finalizers remaining: example.com/hold in 1 resource instances',
  )
  await kubectl(
    '-n',
    'held',
    'patch',
    'configmap',
    'held',
    '--type=merge',
    '-p',
    '{"metadata":{"finalizers":null}}',
  )
  await isGone('held')
})

// One of upstream's conformance tests of v1.34.
test('while a Pod is left in a deleted namespace, nothing else is deleted', async t => {
  const namespace = 'ordered'
  await loops.createNamespace(namespace)
  await loops.waitFor(serviceAccounts, `${namespace}/default`, () => true)
  const spec = { containers: [{ name: 'c', image: 'i' }] }
  const held = { name: 'held', namespace, finalizers: ['example.com/hold'] }
  await loops.client.create(pods, { metadata: held, spec })
  await loops.client.create(configMaps, { metadata: { name: 'kept', namespace } })
  await kubectl('delete', 'namespace', namespace, '--wait=false')
  const { metadata, status } = await loops.waitFor(
    namespaces,
    namespace,
    object => !!object.status?.conditions,
  )
  t.is(metadata.deletionGracePeriodSeconds, undefined)
  const left = status?.conditions?.find(({ type }) => type === 'NamespaceContentRemaining')
  t.is(left?.message, 'All content successfully removed')
  t.truthy((await loops.client.get(pods, held)).metadata.deletionTimestamp)
  t.is(
    (await loops.client.get(configMaps, { namespace, name: 'kept' })).metadata.deletionTimestamp,
    undefined,
  )
  await loops.client.patch(pods, held, { type: 'merge', body: { metadata: { finalizers: null } } })
  await isGone(namespace)
})
