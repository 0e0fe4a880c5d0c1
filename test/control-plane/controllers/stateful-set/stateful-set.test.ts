import test from 'ava'
import { statefulSets } from '../../../../api/kinds/apps.ts'
import { persistentVolumeClaims, pods } from '../../../../api/kinds/core.ts'
import type { Pod, StatefulSet } from '../../../../api/kinds/types.ts'
import { startTestControlLoops, type TestControlLoops } from '../../../helpers/control-loops.ts'
import type { Outcome } from '../../../helpers/fake-kubelet.ts'

let loops: TestControlLoops
const outcomes = new Map<string, Outcome>()
/** `+name` and `-name` as Pods come and go. */
const story: string[] = []

test.before(async () => {
  const outcome = ({ metadata, spec }: Pod): Outcome =>
    outcomes.get(metadata.name) ?? outcomes.get(spec.containers[0]!.image!) ?? 'ready'
  loops = await startTestControlLoops({ nodes: ['n1'], kubelet: { outcome } })
  await Promise.all([statefulSets, pods, persistentVolumeClaims].map(kind => loops.watched(kind as never)))
  loops.informers.informer(pods).addHandler({
    added: ({ metadata }) => void story.push(`+${metadata.name}`),
    deleted: ({ metadata }) => void story.push(`-${metadata.name}`),
  })
})
test.after.always(() => loops?.stop())

const kubectl = (...args: string[]): Promise<string> => loops.api.kubectl('1.33', ...args)

const create = (name: string, replicas: number, spec: object = {}, pod: object = {}): Promise<StatefulSet> =>
  loops.client.create(statefulSets, {
    metadata: { name, namespace: 'default' },
    spec: {
      replicas,
      serviceName: name,
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
  return all
    .filter(({ metadata }) => metadata.labels?.app === name)
    .sort((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1))
}
const until = (name: string, isWanted: (set: StatefulSet) => unknown): Promise<StatefulSet> =>
  loops.waitFor(statefulSets, `default/${name}`, isWanted)
const isUp = (count: number) => (set: StatefulSet) =>
  set.status?.readyReplicas === count &&
  set.status.updatedReplicas === count &&
  set.status.replicas === count &&
  set.status.currentRevision === set.status.updateRevision &&
  set.status.observedGeneration === set.metadata.generation
const storyOf = (name: string): string[] => story.filter(line => line.slice(1).startsWith(`${name}-`))

test('Pods come one after the other, by name', async t => {
  await create('web', 3)
  const { status } = await until('web', isUp(3))
  t.like(status, { availableReplicas: 3, currentReplicas: 3 })
  t.deepEqual(storyOf('web'), ['+web-0', '+web-1', '+web-2'])
  const [first] = podsOf('web')
  t.like(first!.metadata.labels, {
    'apps.kubernetes.io/pod-index': '0',
    'statefulset.kubernetes.io/pod-name': 'web-0',
    'controller-revision-hash': status!.currentRevision!,
  })
  t.like(first!.spec, { hostname: 'web-0', subdomain: 'web' })
  t.regex(await kubectl('get', 'sts', 'web'), /web +3\/3/)
  t.is(
    await loops.waitForEvent('StatefulSet', 'web', /web-2/),
    'SuccessfulCreate: create Pod web-2 in StatefulSet web successful',
  )
})

test('the next Pod waits for the one before it to be ready', async t => {
  outcomes.set('slow-0', 'not-ready')
  await create('slow', 2)
  await until('slow', ({ status }) => status?.replicas === 1)
  t.deepEqual(storyOf('slow'), ['+slow-0'])
  outcomes.delete('slow-0')
  await Promise.all(loops.nodes.map(node => node.report()))
  await until('slow', isUp(2))
})

test('with Parallel all come and go at once', async t => {
  outcomes.set('many:1', 'not-ready')
  await create('many', 3, { podManagementPolicy: 'Parallel' })
  await until('many', ({ status }) => status?.replicas === 3)
  await kubectl('scale', 'sts', 'many', '--replicas=0')
  await loops.waitUntil(pods, () => podsOf('many').length === 0)
  t.is(storyOf('many').length, 6)
})

test('the last Pod goes first, and each waits for the one before', async t => {
  await create('down', 3)
  await until('down', isUp(3))
  await kubectl('scale', 'sts', 'down', '--replicas=1')
  await until('down', isUp(1))
  t.deepEqual(storyOf('down').slice(3), ['-down-2', '-down-1'])
})

// Found by upstream's conformance tests.
test('a set does not shrink while more than one of the Pods beyond is not ready', async t => {
  await create('ill', 3)
  await until('ill', isUp(3))
  for (const name of ['ill-1', 'ill-2']) outcomes.set(name, 'not-ready')
  await Promise.all(loops.nodes.map(node => node.report()))
  await until('ill', ({ status }) => (status?.readyReplicas ?? 0) === 1)
  await kubectl('scale', 'sts', 'ill', '--replicas=1')
  await until('ill', ({ metadata, status }) => status?.observedGeneration === metadata.generation)
  t.is(podsOf('ill').filter(({ metadata }) => !metadata.deletionTimestamp).length, 3)
  outcomes.delete('ill-2')
  await Promise.all(loops.nodes.map(node => node.report()))
  await until('ill', ({ status }) => status?.replicas === 1)
  t.deepEqual(storyOf('ill').slice(3), ['-ill-2', '-ill-1'])
})

test('a Pod that is deleted or fails comes back under its name', async t => {
  await create('named', 1)
  await until('named', isUp(1))
  const [before] = podsOf('named')
  await kubectl('delete', 'pod', 'named-0', '--wait=false')
  await loops.waitFor(
    pods,
    'default/named-0',
    ({ metadata, status }) => metadata.uid !== before!.metadata.uid && status?.phase === 'Running',
  )
  outcomes.set('named-0', 'failed')
  await Promise.all(loops.nodes.map(node => node.report()))
  await loops.waitForEvent('StatefulSet', 'named', /RecreatingFailedPod: .* is recreating failed Pod named-0/)
  outcomes.delete('named-0')
  await until('named', isUp(1))
  t.pass()
})

test('a new template rolls from the last Pod to the first', async t => {
  await create('rolled', 3)
  await until('rolled', isUp(3))
  await kubectl('set', 'image', 'sts/rolled', 'c=rolled:2')
  const { status } = await until('rolled', set => set.metadata.generation === 2 && isUp(3)(set))
  t.deepEqual(storyOf('rolled').slice(3), [
    '-rolled-2',
    '+rolled-2',
    '-rolled-1',
    '+rolled-1',
    '-rolled-0',
    '+rolled-0',
  ])
  t.true(podsOf('rolled').every(({ spec }) => spec.containers[0]!.image === 'rolled:2'))
  t.is(status?.currentReplicas, 3)
  t.regex(
    await kubectl('rollout', 'status', 'sts/rolled'),
    /partitioned roll out complete: 3 new pods have been updated/,
  )
  await kubectl('rollout', 'undo', 'sts/rolled')
  await until('rolled', set => set.metadata.generation === 3 && isUp(3)(set))
  t.true(podsOf('rolled').every(({ spec }) => spec.containers[0]!.image === 'rolled:1'))
})

test('a partition holds the Pods below it back, also when they are made anew', async t => {
  const updateStrategy = { type: 'RollingUpdate', rollingUpdate: { partition: 2 } }
  await create('canary', 3, { updateStrategy })
  await until('canary', isUp(3))
  await kubectl('set', 'image', 'sts/canary', 'c=canary:2')
  const half = ({ status }: StatefulSet) => status?.updatedReplicas === 1 && status.readyReplicas === 3
  await until('canary', half)
  const [before] = podsOf('canary')
  await kubectl('delete', 'pod', 'canary-0', '--wait=false')
  await loops.waitFor(pods, 'default/canary-0', ({ metadata }) => metadata.uid !== before!.metadata.uid)
  t.deepEqual(
    podsOf('canary').map(({ spec }) => spec.containers[0]!.image),
    ['canary:1', 'canary:1', 'canary:2'],
  )
})

test('each Pod has claims of its own, which stay when the set is made smaller', async t => {
  const volumeClaimTemplates = [
    {
      metadata: { name: 'data' },
      spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
    },
  ]
  await create('store', 2, { volumeClaimTemplates, podManagementPolicy: 'Parallel' })
  await until('store', ({ status }) => status?.replicas === 2)
  const claims = () =>
    loops.informers
      .informer(persistentVolumeClaims)
      .list()
      .filter(({ metadata }) => metadata.labels?.app === 'store')
      .map(({ metadata }) => metadata.name)
      .sort()
  await loops.waitUntil(persistentVolumeClaims, () => claims().length === 2)
  t.deepEqual(claims(), ['data-store-0', 'data-store-1'])
  t.like(
    podsOf('store')[1]!.spec.volumes?.find(({ name }) => name === 'data'),
    {
      persistentVolumeClaim: { claimName: 'data-store-1' },
    },
  )
  await kubectl('scale', 'sts', 'store', '--replicas=1')
  await until('store', ({ status }) => status?.replicas === 1)
  t.is(claims().length, 2)
})

test('claims go with the set where it says so', async t => {
  const volumeClaimTemplates = [
    {
      metadata: { name: 'tmp' },
      spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
    },
  ]
  const persistentVolumeClaimRetentionPolicy = { whenDeleted: 'Delete', whenScaled: 'Retain' }
  await create('brief', 1, { volumeClaimTemplates, persistentVolumeClaimRetentionPolicy })
  await loops.waitFor(persistentVolumeClaims, 'default/tmp-brief-0', ({ metadata }) =>
    metadata.ownerReferences?.some(({ kind }) => kind === 'StatefulSet'),
  )
  await kubectl('delete', 'sts', 'brief')
  await loops.waitUntil(persistentVolumeClaims, cache => {
    const claim = cache.get('default/tmp-brief-0')
    return !claim || claim.metadata.deletionTimestamp
  })
  t.pass()
})

test('ordinals begin where the set says', async t => {
  await create('offset', 2, { ordinals: { start: 5 } })
  await until('offset', isUp(2))
  t.deepEqual(
    podsOf('offset').map(({ metadata }) => metadata.name),
    ['offset-5', 'offset-6'],
  )
})

test('a set whose Pods cannot be made says so in its status', async t => {
  await create('refused', 1, {}, { serviceAccountName: 'nobody' })
  const { status } = await until('refused', set => set.status?.observedGeneration)
  t.like(status, { replicas: 0, availableReplicas: 0, observedGeneration: 1, collisionCount: 0 })
  t.truthy(status?.updateRevision)
  t.regex(await loops.waitForEvent('StatefulSet', 'refused', /FailedCreate/), /"nobody" not found/)
})
