import test from 'ava'
import { events, nodes, pods } from '../../../api/kinds/core.ts'
import type { Node, Pod } from '../../../api/kinds/types.ts'
import { conditionPatch } from '../../../control-plane/controllers/pod-condition.ts'
import { startTestControlLoops, type TestControlLoops } from '../../helpers/control-loops.ts'

let loops: TestControlLoops
test.before(async () => {
  loops = await startTestControlLoops({ nodes: ['n1', 'n2'] })
  await Promise.all([loops.watched(nodes), loops.watched(pods)])
})
test.after.always(() => loops?.stop())

const kubectl = (...args: string[]): Promise<string> => loops.api.kubectl('1.32', ...args)

const setReady = (name: string, status: string): Promise<Node> =>
  loops.client.patch(
    nodes,
    { name },
    {
      type: 'strategic',
      body: { status: { conditions: [{ type: 'Ready', status, lastTransitionTime: time() }] } },
    },
    { subresource: 'status' },
  )
const time = (): string => `${new Date().toISOString().slice(0, 19)}Z`
const taintsOf = ({ spec }: Node): string[] =>
  (spec.taints ?? []).map(({ key, effect }) => `${key}:${effect}`).sort()

const createPod = (name: string, nodeName: string, tolerationSeconds?: number): Promise<Pod> => {
  const effect = 'NoExecute'
  const tolerations = ['not-ready', 'unreachable'].map(what => ({
    key: `node.kubernetes.io/${what}`,
    operator: 'Exists',
    effect,
    ...(tolerationSeconds !== undefined && { tolerationSeconds }),
  }))
  const spec = { nodeName, tolerations, containers: [{ name: 'c', image: 'i' }] }
  return loops.client.create(pods, { metadata: { name, namespace: 'default' }, spec } as never)
}

test.serial('every node gets a network of its own, and keeps it when the controllers start anew', async t => {
  const cidrs = await Promise.all(
    ['n1', 'n2'].map(
      async name => (await loops.waitFor(nodes, name, ({ spec }) => spec.podCIDR)).spec.podCIDR,
    ),
  )
  t.deepEqual([...cidrs].sort(), ['10.244.0.0/24', '10.244.1.0/24'])
  await loops.restartLoops()
  await loops.addNode('n3')
  const third = await loops.waitFor(nodes, 'n3', ({ spec }) => spec.podCIDR)
  t.is(third.spec.podCIDR, '10.244.2.0/24')
  t.deepEqual(third.spec.podCIDRs, ['10.244.2.0/24'])
  t.is((await loops.client.get(nodes, { name: 'n1' })).spec.podCIDR, cidrs[0])
})

test.serial('a node that is not ready is tainted, and its Pods go when their time is over', async t => {
  await createPod('impatient', 'n2', 1)
  await createPod('patient', 'n2')
  await loops.waitFor(pods, 'default/patient', ({ status }) => status?.phase === 'Running')
  await setReady('n2', 'False')
  const tainted = await loops.waitFor(nodes, 'n2', ({ spec }) => (spec.taints ?? []).length === 2)
  t.deepEqual(taintsOf(tainted), [
    'node.kubernetes.io/not-ready:NoExecute',
    'node.kubernetes.io/not-ready:NoSchedule',
  ])
  await loops.waitUntil(pods, cache => !cache.get('default/impatient'))
  t.is(
    await loops.waitForEvent('Pod', 'impatient', /Eviction/),
    'TaintManagerEviction: Marking for deletion Pod default/impatient',
  )
  const { items } = await loops.client.list(events, {
    namespace: 'default',
    fieldSelector: 'involvedObject.name=impatient,reason=TaintManagerEviction',
  })
  t.deepEqual(
    items.map(({ eventTime, source, involvedObject: { uid } }: any) => ({ eventTime, source, uid })),
    [{ eventTime: null, source: { component: 'taint-eviction-controller' }, uid: undefined }],
  )
  t.truthy(loops.informers.informer(pods).get('default/patient'))
  await setReady('n2', 'True')
  await loops.waitFor(nodes, 'n2', ({ spec }) => !spec.taints?.length)
})

test.serial('Pods of an unknown node do not count as ready', async t => {
  await createPod('lost', 'n2')
  await loops.waitFor(pods, 'default/lost', ({ status }) => status?.phase === 'Running')
  await setReady('n2', 'Unknown')
  const node = await loops.waitFor(nodes, 'n2', ({ spec }) => (spec.taints ?? []).length === 2)
  t.true(taintsOf(node).includes('node.kubernetes.io/unreachable:NoExecute'))
  await loops.waitForEvent('Pod', 'lost', /NodeNotReady: Node is not ready/)
  await setReady('n2', 'True')
})

test.serial('a cordoned node is tainted', async t => {
  await loops.addNode('n4')
  await kubectl('cordon', 'n4')
  const node = await loops.waitFor(nodes, 'n4', ({ spec }) => spec.taints?.length)
  t.deepEqual(taintsOf(node), ['node.kubernetes.io/unschedulable:NoSchedule'])
  await kubectl('uncordon', 'n4')
  await loops.waitFor(nodes, 'n4', ({ spec }) => !spec.taints?.length)
})

test('a condition that is new comes last, and one that says the same keeps its time', t => {
  const lastTransitionTime = '2026-01-01T00:00:00Z'
  const ready = { type: 'Ready', status: 'True', lastTransitionTime }
  const pod = { metadata: { generation: 3 }, status: { conditions: [ready] } } as never
  const told = { reason: 'Because', message: 'so' }
  const patch: any = conditionPatch(pod, { type: 'Gone', status: 'True', ...told })
  t.deepEqual(patch['$setElementOrder/conditions'], [{ type: 'Ready' }, { type: 'Gone' }])
  t.like(patch.conditions[0], { type: 'Gone', observedGeneration: 3, ...told })
  const same: any = conditionPatch(pod, { type: 'Ready', status: 'True', ...told })
  t.deepEqual(same['$setElementOrder/conditions'], [{ type: 'Ready' }])
  t.is(same.conditions[0].lastTransitionTime, lastTransitionTime)
})

test.serial('a Pod that never had a node has failed when it is deleted', async t => {
  const metadata = { name: 'homeless', namespace: 'default', finalizers: ['test.example.com/hold'] }
  const spec = { nodeSelector: { no: 'where' }, containers: [{ name: 'c', image: 'i' }] }
  await loops.client.create(pods, { metadata, spec } as never)
  await loops.client.delete(pods, { name: 'homeless', namespace: 'default' })
  const pod = await loops.waitFor(pods, 'default/homeless', ({ status }) => status?.phase === 'Failed')
  t.is((pod.status as { observedGeneration?: number }).observedGeneration, pod.metadata.generation)
  await kubectl('patch', 'pod', 'homeless', '--type=merge', '-p', '{"metadata":{"finalizers":null}}')
})
