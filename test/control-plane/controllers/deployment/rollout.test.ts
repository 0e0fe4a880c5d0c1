import test from 'ava'
import { deployments, replicaSets } from '../../../../api/kinds/apps.ts'
import { pods } from '../../../../api/kinds/core.ts'
import type { Deployment, Pod, ReplicaSet } from '../../../../api/kinds/types.ts'
import { startTestControlLoops, type TestControlLoops } from '../../../helpers/control-loops.ts'
import type { Outcome } from '../../../helpers/fake-kubelet.ts'

let loops: TestControlLoops
/** What becomes of Pods of an image. */
const outcomes = new Map<string, Outcome>()

test.before(async () => {
  const outcome = ({ spec }: Pod): Outcome => outcomes.get(spec.containers[0]!.image!) ?? 'ready'
  loops = await startTestControlLoops({ nodes: ['n1', 'n2'], kubelet: { outcome } })
  await Promise.all([loops.watched(replicaSets), loops.watched(pods), loops.watched(deployments)])
})
test.after.always(() => loops?.stop())

const kubectl = (...args: string[]): Promise<string> => loops.api.kubectl('1.32', ...args)

const deployment = (name: string, replicas: number, more: object = {}): object => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name, namespace: 'default' },
  spec: {
    replicas,
    selector: { matchLabels: { app: name } },
    template: {
      metadata: { labels: { app: name } },
      spec: { terminationGracePeriodSeconds: 1, containers: [{ name: 'c', image: `${name}:1` }] },
    },
    ...more,
  },
})

const create = (object: object): Promise<Deployment> => loops.client.create(deployments, object as never)
const isOf =
  (name: string) =>
  ({ metadata }: ReplicaSet | Pod): boolean =>
    metadata.labels?.app === name
/** What the watches of this test have seen: each kind's comes on its own, so one may be behind another. */
const seenSetsOf = (name: string) => loops.informers.informer(replicaSets).list().filter(isOf(name))
const seenPodsOf = (name: string) => loops.informers.informer(pods).list().filter(isOf(name))
/** What is there now. */
const setsOf = async (name: string) => (await loops.client.list(replicaSets)).items.filter(isOf(name))
const podsOf = async (name: string) => (await loops.client.list(pods)).items.filter(isOf(name))
const isRolledOut = ({ metadata, spec, status }: Deployment): boolean =>
  status?.observedGeneration === metadata.generation &&
  status?.availableReplicas === spec.replicas &&
  status?.updatedReplicas === spec.replicas &&
  status?.replicas === spec.replicas
const rolledOut = (name: string): Promise<Deployment> =>
  loops.waitFor(deployments, `default/${name}`, isRolledOut)
const setImage = (name: string, image: string) => kubectl('set', 'image', `deployment/${name}`, `c=${image}`)

test('a Deployment gets its Pods, and says so', async t => {
  await create(deployment('fresh', 3))
  const { status, metadata } = await rolledOut('fresh')
  t.is(metadata.annotations?.['deployment.kubernetes.io/revision'], '1')
  const [set] = await setsOf('fresh')
  t.like(
    status?.conditions?.find(({ type }) => type === 'Available'),
    { status: 'True', reason: 'MinimumReplicasAvailable', message: 'Deployment has minimum availability.' },
  )
  t.like(
    status?.conditions?.find(({ type }) => type === 'Progressing'),
    {
      status: 'True',
      reason: 'NewReplicaSetAvailable',
      message: `ReplicaSet "${set!.metadata.name}" has successfully progressed.`,
    },
  )
  t.is(
    await loops.waitForEvent('Deployment', 'fresh', /Scaled/),
    `ScalingReplicaSet: Scaled up replica set ${set!.metadata.name} from 0 to 3`,
  )
  t.regex(await kubectl('rollout', 'status', 'deployment/fresh'), /successfully rolled out/)
})

test('a rollout never goes beyond surge nor below what must be available', async t => {
  await create(deployment('rolling', 4, { strategy: { rollingUpdate: { maxSurge: 1, maxUnavailable: 1 } } }))
  await rolledOut('rolling')
  const ready = () =>
    seenPodsOf('rolling').filter(
      ({ metadata, status }) =>
        !metadata.deletionTimestamp &&
        status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True'),
    ).length
  const wanted = () => seenSetsOf('rolling').reduce((sum, { spec }) => sum + spec.replicas!, 0)
  await loops.waitUntil(pods, () => ready() === 4)
  await loops.waitUntil(replicaSets, () => wanted() === 4)
  const counts = { wanted: [] as number[], ready: [] as number[] }
  const countReady = (): void => void counts.ready.push(ready())
  const countWanted = (): void => void counts.wanted.push(wanted())
  const offs = [
    loops.informers
      .informer(pods)
      .addHandler({ added: countReady, updated: countReady, deleted: countReady }),
    loops.informers.informer(replicaSets).addHandler({ added: countWanted, updated: countWanted }),
  ]
  await setImage('rolling', 'rolling:2')
  await loops.waitFor(deployments, 'default/rolling', d => isRolledOut(d) && d.metadata.generation === 2)
  for (const off of offs) off()
  t.true(Math.max(...counts.wanted) <= 5)
  t.true(Math.min(...counts.ready) >= 3)
  t.deepEqual((await setsOf('rolling')).map(({ spec }) => spec.replicas).sort(), [0, 4])
})

test('revisions are counted on from whatever number a ReplicaSet has, 64 bits wide', async t => {
  await create(deployment('counted', 1))
  await rolledOut('counted')
  const [set] = await setsOf('counted')
  const annotations = { 'deployment.kubernetes.io/revision': '3546343826724305832' }
  await loops.client.patch(replicaSets, set!.metadata, { type: 'merge', body: { metadata: { annotations } } })
  await setImage('counted', 'counted:2')
  const { metadata } = await loops.waitFor(
    deployments,
    'default/counted',
    d => isRolledOut(d) && d.metadata.generation === 2,
  )
  t.is(metadata.annotations!['deployment.kubernetes.io/revision'], '3546343826724305833')
})

test('`kubectl rollout undo` brings the old template back as a new revision', async t => {
  await create(deployment('undone', 2))
  await rolledOut('undone')
  const hasCause = (cause: string) => () =>
    seenSetsOf('undone').some(
      ({ metadata }) => metadata.annotations?.['kubernetes.io/change-cause'] === cause,
    )
  await kubectl('annotate', 'deployment/undone', 'kubernetes.io/change-cause=first')
  await loops.waitUntil(replicaSets, hasCause('first'))
  await setImage('undone', 'undone:2')
  await kubectl('annotate', 'deployment/undone', 'kubernetes.io/change-cause=second', '--overwrite')
  await loops.waitFor(deployments, 'default/undone', d => isRolledOut(d) && d.metadata.generation === 2)
  await loops.waitUntil(replicaSets, hasCause('second'))
  t.regex(await kubectl('rollout', 'history', 'deployment/undone'), /1\s+first\n2\s+second/)
  await kubectl('rollout', 'undo', 'deployment/undone')
  const { spec } = await loops.waitFor(
    deployments,
    'default/undone',
    d => isRolledOut(d) && d.metadata.annotations?.['deployment.kubernetes.io/revision'] === '3',
  )
  t.is(spec.template.spec!.containers[0]!.image, 'undone:1')
  const sets = await setsOf('undone')
  t.is(sets.length, 2)
  const old = sets.find(({ metadata }) => metadata.annotations?.['deployment.kubernetes.io/revision-history'])
  t.is(old?.metadata.annotations?.['deployment.kubernetes.io/revision-history'], '1')
})

test('`kubectl rollout restart` replaces every Pod', async t => {
  await create(deployment('restarted', 2))
  await rolledOut('restarted')
  const before = (await podsOf('restarted')).map(({ metadata }) => metadata.uid)
  await kubectl('rollout', 'restart', 'deployment/restarted')
  await kubectl('rollout', 'status', 'deployment/restarted')
  await loops.waitUntil(pods, () => {
    const seen = seenPodsOf('restarted')
    return seen.length === 2 && seen.every(({ metadata }) => !before.includes(metadata.uid))
  })
  t.pass()
})

test('a Deployment is scaled to nothing and up again', async t => {
  await create(deployment('scaled', 2))
  await rolledOut('scaled')
  await kubectl('scale', 'deployment/scaled', '--replicas=0')
  await loops.waitUntil(pods, () => seenPodsOf('scaled').length === 0)
  await kubectl('scale', 'deployment/scaled', '--replicas=5')
  await loops.waitFor(deployments, 'default/scaled', d => isRolledOut(d) && d.spec.replicas === 5)
  t.is((await podsOf('scaled')).length, 5)
  t.is((await setsOf('scaled')).length, 1)
})

test('a paused Deployment rolls only when it is resumed, but can be scaled', async t => {
  await create(deployment('paused', 1))
  await rolledOut('paused')
  await kubectl('rollout', 'pause', 'deployment/paused')
  await setImage('paused', 'paused:2')
  await kubectl('scale', 'deployment/paused', '--replicas=2')
  const { status } = await loops.waitFor(
    deployments,
    'default/paused',
    d => d.status?.availableReplicas === 2 && d.status.observedGeneration === d.metadata.generation,
  )
  t.like(
    status?.conditions?.find(({ type }) => type === 'Progressing'),
    { status: 'Unknown', reason: 'DeploymentPaused', message: 'Deployment is paused' },
  )
  t.true((await podsOf('paused')).every(({ spec }) => spec.containers[0]!.image === 'paused:1'))
  await kubectl('rollout', 'resume', 'deployment/paused')
  await rolledOut('paused')
  await loops.waitUntil(pods, () =>
    seenPodsOf('paused').every(({ spec }) => spec.containers[0]!.image === 'paused:2'),
  )
})

test('Recreate makes new Pods only when the last old one is gone', async t => {
  await create(deployment('recreated', 3, { strategy: { type: 'Recreate' } }))
  await rolledOut('recreated')
  let isMixed = false
  const off = loops.informers.informer(pods).addHandler({
    added: () => {
      isMixed ||= new Set(seenPodsOf('recreated').map(({ spec }) => spec.containers[0]!.image)).size > 1
    },
  })
  await setImage('recreated', 'recreated:2')
  await loops.waitFor(deployments, 'default/recreated', d => isRolledOut(d) && d.metadata.generation === 2)
  off()
  t.false(isMixed)
})

test('a rollout that gets nowhere is reported after its deadline, and its working Pods stay', async t => {
  outcomes.set('stuck:2', 'not-ready')
  await create(deployment('stuck', 2, { progressDeadlineSeconds: 1 }))
  await rolledOut('stuck')
  await setImage('stuck', 'stuck:2')
  const { status } = await loops.waitFor(deployments, 'default/stuck', d =>
    d.status?.conditions?.some(({ reason }) => reason === 'ProgressDeadlineExceeded'),
  )
  const stuckSet = (await setsOf('stuck')).find(
    ({ metadata }) => metadata.annotations?.['deployment.kubernetes.io/revision'] === '2',
  )
  t.like(
    status?.conditions?.find(({ type }) => type === 'Progressing'),
    { status: 'False', message: `ReplicaSet "${stuckSet!.metadata.name}" has timed out progressing.` },
  )
  t.is(status?.availableReplicas, 2)
  await t.throwsAsync(() => kubectl('rollout', 'status', 'deployment/stuck'), {
    message: /exceeded its progress deadline/,
  })
})

test('old ReplicaSets beyond the history limit are removed', async t => {
  await create(deployment('historic', 1, { revisionHistoryLimit: 1 }))
  await rolledOut('historic')
  for (const generation of [2, 3, 4]) {
    await setImage('historic', `historic:${generation}`)
    await loops.waitFor(
      deployments,
      'default/historic',
      d => isRolledOut(d) && d.metadata.generation === generation,
    )
  }
  await loops.waitUntil(replicaSets, () => seenSetsOf('historic').length === 2)
  t.pass()
})

test('a ReplicaSet left by an orphaning deletion is adopted by the Deployment of the same selector', async t => {
  await create(deployment('adopted', 2))
  await rolledOut('adopted')
  const before = (await podsOf('adopted')).map(({ metadata }) => metadata.uid).sort()
  await kubectl('delete', 'deployment/adopted', '--cascade=orphan')
  await loops.waitUntil(replicaSets, () =>
    seenSetsOf('adopted').every(({ metadata }) => !metadata.ownerReferences?.length),
  )
  await create(deployment('adopted', 2))
  await rolledOut('adopted')
  t.is((await setsOf('adopted')).length, 1)
  t.deepEqual((await podsOf('adopted')).map(({ metadata }) => metadata.uid).sort(), before)
})
