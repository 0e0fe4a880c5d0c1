import test from 'ava'
import { pods, resourceQuotas } from '../../../api/kinds/core.ts'
import type { Pod } from '../../../api/kinds/types.ts'
import { startTestControlLoops, type TestControlLoops } from '../../helpers/control-loops.ts'
import { definition, establish, version } from '../../helpers/custom-resources.ts'
import type { Outcome } from '../../helpers/fake-kubelet.ts'

let loops: TestControlLoops
const outcomes = new Map<string, Outcome>()

test.before(async () => {
  const outcome = ({ metadata }: Pod): Outcome => outcomes.get(metadata.name) ?? 'ready'
  loops = await startTestControlLoops({ nodes: ['n1'], kubelet: { outcome } })
  await Promise.all([pods, resourceQuotas].map(kind => loops.watched(kind as never)))
})
test.after.always(() => loops?.stop())

const kubectl = (...args: string[]): Promise<string> => loops.api.kubectl('1.33', ...args)

/** A namespace with a quota that has been measured. */
async function bounded(namespace: string, hard: string, ...more: string[]): Promise<void> {
  await loops.createNamespace(namespace)
  await kubectl('create', 'quota', 'q', `--hard=${hard}`, '-n', namespace, ...more)
  await used(namespace, status => Object.keys(status).length > 0)
}
const used = async (namespace: string, isWanted: (used: any) => unknown) => {
  const quota = await loops.waitFor(resourceQuotas, `${namespace}/q`, ({ status }: any) =>
    isWanted(status?.used ?? {}),
  )
  return (quota as any).status.used
}
const podBody = (name: string, resources: object = {}, spec: object = {}) => ({
  metadata: { name },
  spec: { containers: [{ name: 'c', image: 'x', resources }], ...spec },
})
const create = (namespace: string, body: object) =>
  loops.api.raw(`/api/v1/namespaces/${namespace}/pods`, { body })

test('what is made counts, and what is more than the quota allows is refused', async t => {
  await bounded('full', 'pods=2')
  t.is((await create('full', podBody('a'))).status, 201)
  t.is((await create('full', podBody('b'))).status, 201)
  const { status, body } = await create('full', podBody('c'))
  t.is(status, 403)
  t.is(
    body.message,
    'pods "c" is forbidden: exceeded quota: q, requested: pods=1, used: pods=2, limited: pods=2',
  )
  await kubectl('delete', 'pod', 'a', '-n', 'full')
  await used('full', ({ pods: count }) => count === '1')
  t.is((await create('full', podBody('c'))).status, 201)
})

test('many at once do not get more than there is', async t => {
  await bounded('rush', 'pods=5')
  const answers = await Promise.all(Array.from({ length: 12 }, (_, i) => create('rush', podBody(`p-${i}`))))
  t.is(answers.filter(({ status }) => status === 201).length, 5)
  t.is(answers.filter(({ status }) => status === 403).length, 7)
  t.deepEqual(await used('rush', ({ pods: count }) => count === '5'), { pods: '5' })
})

test('a quota of CPU wants every container to say how much it needs', async t => {
  await bounded('cpu', 'requests.cpu=1,limits.memory=1Gi')
  const { status, body } = await create('cpu', podBody('silent'))
  t.is(status, 403)
  t.is(
    body.message,
    'pods "silent" is forbidden: failed quota: q: must specify limits.memory for: c; requests.cpu for: c',
  )
  const resources = { requests: { cpu: '600m' }, limits: { memory: '256Mi' } }
  t.is((await create('cpu', podBody('first', resources))).status, 201)
  t.is(
    (await create('cpu', podBody('second', resources))).body.message,
    'pods "second" is forbidden: exceeded quota: q, requested: requests.cpu=600m, used: requests.cpu=600m, limited: requests.cpu=1',
  )
  t.regex(await kubectl('describe', 'quota', 'q', '-n', 'cpu'), /requests.cpu +600m +1/)
})

test('a write that is refused afterwards, and a dry run, take nothing', async t => {
  await bounded('tried', 'count/configmaps=1,configmaps=5')
  const path = '/api/v1/namespaces/tried/configmaps'
  const body = { metadata: { name: 'kube-root-ca.crt' } }
  await used('tried', amounts => amounts['count/configmaps'] === '1')
  t.is((await loops.api.raw(`${path}?dryRun=All`, { body: { metadata: { name: 'dry' } } })).status, 403)
  await kubectl('patch', 'quota', 'q', '-n', 'tried', '-p', '{"spec":{"hard":{"count/configmaps":"9"}}}')
  await loops.waitFor(
    resourceQuotas,
    'tried/q',
    ({ status }: any) => status?.hard?.['count/configmaps'] === '9',
  )
  t.is((await loops.api.raw(`${path}?dryRun=All`, { body: { metadata: { name: 'dry' } } })).status, 201)
  t.is((await loops.api.raw(path, { body })).status, 409)
  t.deepEqual(await used('tried', amounts => amounts.configmaps === '1'), {
    'count/configmaps': '1',
    configmaps: '1',
  })
})

test('Pods that are over count no more, and a scope chooses Pods', async t => {
  await bounded('scoped', 'pods=1', '--scopes=BestEffort')
  t.is((await create('scoped', podBody('light'))).status, 201)
  t.is((await create('scoped', podBody('heavy', { requests: { cpu: '10m' } }))).status, 201)
  t.is((await create('scoped', podBody('second'))).status, 403)
  outcomes.set('light', 'succeeded')
  await Promise.all(loops.nodes.map(node => node.report()))
  await used('scoped', ({ pods: count }) => count === '0')
  t.is((await create('scoped', podBody('second'))).status, 201)
})

test('Services, node ports and kinds of any group are counted', async t => {
  await bounded('counted', 'services.nodeports=1,count/deployments.apps=1,services=5')
  await kubectl('create', 'service', 'nodeport', 'one', '--tcp=80', '-n', 'counted')
  await t.throwsAsync(kubectl('create', 'service', 'nodeport', 'two', '--tcp=80', '-n', 'counted'), {
    message: /exceeded quota: q, requested: services.nodeports=1, used: services.nodeports=1/,
  })
  await kubectl('create', 'deployment', 'one', '--image=x', '--replicas=0', '-n', 'counted')
  await t.throwsAsync(kubectl('create', 'deployment', 'two', '--image=x', '-n', 'counted'), {
    message: /deployments.apps "two" is forbidden: exceeded quota: q, requested: count\/deployments.apps=1/,
  })
})

test('custom resources are counted, and what is deleted makes room again', async t => {
  const { api } = loops
  await establish(api, definition('quota.example.com', [version('v1')]))
  await bounded('custom', 'count/things.quota.example.com=1')
  const things = '/apis/quota.example.com/v1/namespaces/custom/things'
  const thing = (name: string) =>
    api.raw(things, { body: { apiVersion: 'quota.example.com/v1', kind: 'Thing', metadata: { name } } })
  t.is((await thing('a')).status, 201)
  t.is(
    (await thing('b')).body.message,
    'things.quota.example.com "b" is forbidden: exceeded quota: q, requested: count/things.quota.example.com=1, used: count/things.quota.example.com=1, limited: count/things.quota.example.com=1',
  )
  t.is((await api.raw(`${things}/a`, { method: 'DELETE' })).status, 200)
  await used('custom', amounts => amounts['count/things.quota.example.com'] === '0')
  t.is((await thing('b')).status, 201)
})
