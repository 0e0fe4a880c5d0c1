import test from 'ava'
import { controllerRevisions, daemonSets } from '../../../../api/kinds/apps.ts'
import { nodes, pods } from '../../../../api/kinds/core.ts'
import type { DaemonSet, Pod } from '../../../../api/kinds/types.ts'
import { startTestControlLoops, type TestControlLoops } from '../../../helpers/control-loops.ts'
import type { Outcome } from '../../../helpers/fake-kubelet.ts'

let loops: TestControlLoops
const outcomes = new Map<string, Outcome>()

test.before(async () => {
  const outcome = ({ spec, metadata }: Pod): Outcome =>
    outcomes.get(metadata.name) ?? outcomes.get(spec.containers[0]!.image!) ?? 'ready'
  loops = await startTestControlLoops({ kubelet: { outcome } })
  for (const [name, labels] of Object.entries({ n1: { disk: 'ssd' }, n2: {}, n3: {} })) {
    await loops.addNode(name, { outcome, labels: labels as Record<string, string> })
  }
  await Promise.all([daemonSets, pods, controllerRevisions, nodes].map(kind => loops.watched(kind as never)))
})
test.after.always(() => loops?.stop())

const kubectl = (...args: string[]): Promise<string> => loops.api.kubectl('1.33', ...args)

const create = (name: string, pod: object = {}, spec: object = {}): Promise<DaemonSet> =>
  loops.client.create(daemonSets, {
    metadata: { name, namespace: 'default' },
    spec: {
      selector: { matchLabels: { app: name } },
      template: {
        metadata: { labels: { app: name } },
        spec: {
          terminationGracePeriodSeconds: 1,
          containers: [{ name: 'c', image: `${name}:1` }],
          ...pod,
        },
      },
      ...spec,
    },
  } as never)
const podsOf = (name: string): Pod[] => {
  const all = loops.informers.informer(pods).list()
  return all.filter(({ metadata }) => metadata.labels?.app === name)
}
const nodesOf = (name: string): string[] =>
  podsOf(name)
    .map(({ spec }) => spec.nodeName!)
    .sort()
const until = (name: string, isWanted: (set: DaemonSet) => unknown): Promise<DaemonSet> =>
  loops.waitFor(daemonSets, `default/${name}`, isWanted)
const isUp = (count: number) => (set: DaemonSet) =>
  set.status?.numberAvailable === count &&
  set.status.updatedNumberScheduled === count &&
  set.status.desiredNumberScheduled === count &&
  set.status.observedGeneration === set.metadata.generation

test('every node gets a Pod, and says so', async t => {
  await create('every')
  const { status, metadata } = await until('every', isUp(3))
  t.like(status, { currentNumberScheduled: 3, numberReady: 3, numberMisscheduled: 0 })
  t.is(metadata.annotations?.['deprecated.daemonset.template.generation'], '1')
  const revisions = loops.informers.informer(controllerRevisions).list()
  const own = revisions.filter(revision => revision.metadata.ownerReferences?.[0]?.uid === metadata.uid)
  t.deepEqual(
    own.map(revision => revision.metadata.annotations),
    [metadata.annotations],
  )
  t.deepEqual(nodesOf('every'), ['n1', 'n2', 'n3'])
  t.regex(await kubectl('rollout', 'status', 'ds/every'), /successfully rolled out/)
  t.regex(await kubectl('get', 'ds', 'every'), /every +3 +3 +3 +3 +3 +<none>/)
  const keys = podsOf('every')[0]!.spec.tolerations!.map(({ key }) => key)
  t.true(keys.includes('node.kubernetes.io/unschedulable'))
})

test('a node selector chooses nodes, and a label that goes takes the Pod with it', async t => {
  await create('chosen', { nodeSelector: { colour: 'red' } })
  await until('chosen', ({ status }) => status && status.desiredNumberScheduled === 0)
  await kubectl('label', 'node', 'n2', 'colour=red')
  await until('chosen', isUp(1))
  t.deepEqual(nodesOf('chosen'), ['n2'])
  await kubectl('label', 'node', 'n2', 'colour-')
  await loops.waitUntil(pods, () => podsOf('chosen').length === 0)
  t.pass()
})

test.serial('a tainted node gets only Pods that tolerate it', async t => {
  await loops.addNode('tainted')
  await kubectl('taint', 'node', 'tainted', 'only=for:NoSchedule')
  const selector = { 'kubernetes.io/hostname': 'tainted' }
  await create('shy', { nodeSelector: selector })
  await create('bold', { nodeSelector: selector, tolerations: [{ operator: 'Exists' }] })
  await until('bold', isUp(1))
  const { status } = await until('shy', set => set.status?.observedGeneration === 1)
  t.is(status?.desiredNumberScheduled, 0)
  await kubectl('delete', 'node', 'tainted')
  await until('bold', ({ status: after }) => after?.desiredNumberScheduled === 0)
})

test('a Pod that is deleted or fails is replaced', async t => {
  await create('replaced', { nodeSelector: { disk: 'ssd' } })
  await until('replaced', isUp(1))
  const [first] = podsOf('replaced')
  await kubectl('delete', 'pod', first!.metadata.name, '--wait=false')
  await loops.waitUntil(pods, () => podsOf('replaced').some(pod => pod.metadata.uid !== first!.metadata.uid))
  await until('replaced', isUp(1))
  const second = podsOf('replaced').find(({ metadata }) => !metadata.deletionTimestamp)!
  outcomes.set(second.metadata.name, 'failed')
  await Promise.all(loops.nodes.map(node => node.report()))
  await loops.waitUntil(pods, cache => !cache.get(`default/${second.metadata.name}`))
  await until('replaced', isUp(1))
  t.regex(
    await loops.waitForEvent('DaemonSet', 'replaced', /FailedDaemonPod/),
    /Found failed daemon pod default\/replaced-\w+ on node n1, will try to kill it/,
  )
})

test('a new template rolls node by node, and the old one comes back by undo', async t => {
  await create('rolled')
  await until('rolled', isUp(3))
  let fewest = 3
  const off = loops.informers.informer(daemonSets).addHandler({
    updated: ({ metadata, status }) => {
      if (metadata.name === 'rolled') fewest = Math.min(fewest, status?.numberAvailable ?? 0)
    },
  })
  await kubectl('set', 'image', 'ds/rolled', 'c=rolled:2')
  await until('rolled', set => isUp(3)(set) && set.metadata.generation === 2)
  off()
  t.true(fewest >= 2)
  t.true(podsOf('rolled').every(({ spec }) => spec.containers[0]!.image === 'rolled:2'))
  t.regex(await kubectl('rollout', 'history', 'ds/rolled'), /REVISION +CHANGE-CAUSE\n1 +<none>\n2 +<none>/)
  await kubectl('rollout', 'undo', 'ds/rolled')
  await until('rolled', set => isUp(3)(set) && set.metadata.generation === 3)
  const revisions = loops.informers
    .informer(controllerRevisions)
    .list()
    .filter(({ metadata }) => metadata.labels?.app === 'rolled')
    .map(({ revision }) => revision)
    .sort()
  t.deepEqual(revisions, [2, 3])
})

test('a template whose Pods do not come up stops at the first node', async t => {
  await create('stuck')
  await until('stuck', isUp(3))
  outcomes.set('stuck:2', 'not-ready')
  await kubectl('set', 'image', 'ds/stuck', 'c=stuck:2')
  const { status } = await until('stuck', set => set.status?.updatedNumberScheduled === 1)
  t.is(status?.numberAvailable, 2)
})

test('with OnDelete Pods keep their template until they are deleted', async t => {
  await create('manual', { nodeSelector: { disk: 'ssd' } }, { updateStrategy: { type: 'OnDelete' } })
  await until('manual', isUp(1))
  await kubectl('set', 'image', 'ds/manual', 'c=manual:2')
  await until('manual', ({ status }) => status?.observedGeneration === 2 && !status.updatedNumberScheduled)
  const [old] = podsOf('manual')
  t.is(old!.spec.containers[0]!.image, 'manual:1')
  await kubectl('delete', 'pod', old!.metadata.name, '--wait=false')
  await until('manual', isUp(1))
  t.is(podsOf('manual')[0]!.spec.containers[0]!.image, 'manual:2')
})

test('with a surge the new Pod is up before the old one goes', async t => {
  const rollingUpdate = { maxSurge: 1, maxUnavailable: 0 }
  await create('surging', {}, { updateStrategy: { type: 'RollingUpdate', rollingUpdate } })
  await until('surging', isUp(3))
  let fewest = 3
  const off = loops.informers.informer(daemonSets).addHandler({
    updated: ({ metadata, status }) => {
      if (metadata.name === 'surging') fewest = Math.min(fewest, status?.numberAvailable ?? 0)
    },
  })
  await kubectl('set', 'image', 'ds/surging', 'c=surging:2')
  await loops.waitUntil(pods, () => {
    const all = podsOf('surging')
    return all.length === 3 && all.every(({ spec }) => spec.containers[0]!.image === 'surging:2')
  })
  off()
  t.is(fewest, 3)
})
