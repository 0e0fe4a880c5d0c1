import test from 'ava'
import { deployments } from '../../../api/kinds/apps.ts'
import { pods } from '../../../api/kinds/core.ts'
import { podDisruptionBudgets } from '../../../api/kinds/policy.ts'
import type { Pod, PodDisruptionBudget } from '../../../api/kinds/types.ts'
import { selectorText } from '../../../control-plane/controllers/disruption/selector-text.ts'
import { startTestControlLoops, type TestControlLoops } from '../../helpers/control-loops.ts'
import type { Outcome } from '../../helpers/fake-kubelet.ts'

let loops: TestControlLoops
const outcomes = new Map<string, Outcome>()

test.before(async () => {
  const outcome = ({ spec }: Pod): Outcome => outcomes.get(spec.containers[0]!.image!) ?? 'ready'
  loops = await startTestControlLoops({ nodes: ['n1'], kubelet: { outcome } })
  await Promise.all([deployments, pods, podDisruptionBudgets].map(kind => loops.watched(kind as never)))
})
test.after.always(() => loops?.stop())

const kubectl = (...args: string[]): Promise<string> => loops.api.kubectl('1.33', ...args)

/** A Deployment with Pods that run, and its budget. */
async function protect(name: string, replicas: number, bounds: object): Promise<void> {
  const labels = { app: name }
  const template = { metadata: { labels }, spec: { containers: [{ name: 'c', image: name }] } }
  const spec = { replicas, selector: { matchLabels: labels }, template }
  const metadata = { name, namespace: 'default' }
  await loops.client.create(deployments, { metadata, spec } as never)
  const budget = { selector: { matchLabels: labels }, ...bounds }
  await loops.client.create(podDisruptionBudgets, { metadata, spec: budget } as never)
}
const until = (name: string, wanted: object): Promise<PodDisruptionBudget> =>
  loops.waitFor(podDisruptionBudgets, `default/${name}`, ({ status }) =>
    Object.entries(wanted).every(([field, value]) => (status as any)?.[field] === value),
  )
const podsOf = (name: string): Pod[] => {
  const all = loops.informers.informer(pods).list()
  return all.filter(({ metadata }) => metadata.labels?.app === name && !metadata.deletionTimestamp)
}
const evict = ({ metadata: { name } }: Pod, deleteOptions?: object) =>
  loops.api.raw(`/api/v1/namespaces/default/pods/${name}/eviction`, {
    body: {
      apiVersion: 'policy/v1',
      kind: 'Eviction',
      metadata: { name },
      ...(deleteOptions && { deleteOptions }),
    },
  })

const BOUNDS: Record<string, { bounds: object; wanted: object }> = {
  'min-number': {
    bounds: { minAvailable: 2 },
    wanted: { expectedPods: 3, desiredHealthy: 2, currentHealthy: 3, disruptionsAllowed: 1 },
  },
  'min-share': {
    bounds: { minAvailable: '50%' },
    wanted: { expectedPods: 3, desiredHealthy: 2, currentHealthy: 3, disruptionsAllowed: 1 },
  },
  'most-number': {
    bounds: { maxUnavailable: 2 },
    wanted: { expectedPods: 3, desiredHealthy: 1, currentHealthy: 3, disruptionsAllowed: 2 },
  },
  'most-share': {
    bounds: { maxUnavailable: '34%' },
    wanted: { expectedPods: 3, desiredHealthy: 1, currentHealthy: 3, disruptionsAllowed: 2 },
  },
}

for (const [name, { bounds, wanted }] of Object.entries(BOUNDS)) {
  test(`a budget says how many Pods may go - ${name}`, async t => {
    await protect(name, 3, bounds)
    const { status, metadata } = await until(name, wanted)
    t.is(status?.observedGeneration, metadata.generation)
    t.like(status?.conditions?.[0], { type: 'DisruptionAllowed', status: 'True', reason: 'SufficientPods' })
  })
}

test('an eviction is taken off the budget, and refused when nothing is left of it', async t => {
  await protect('evicted', 2, { minAvailable: 2 })
  await until('evicted', { currentHealthy: 2, disruptionsAllowed: 0 })
  const [pod] = podsOf('evicted')
  const refused = await evict(pod!)
  t.is(refused.status, 429)
  t.is(refused.body.message, "Cannot evict pod as it would violate the pod's disruption budget.")
  t.is(
    refused.body.details.causes[0].message,
    'The disruption budget evicted needs 2 healthy pods and has 2 currently',
  )
  await kubectl('patch', 'pdb', 'evicted', '-p', '{"spec":{"minAvailable":1}}')
  await until('evicted', { disruptionsAllowed: 1, desiredHealthy: 1 })
  t.is((await evict(pod!)).status, 201)
  await loops.waitUntil(pods, cache => !cache.get(`default/${pod!.metadata.name}`))
  await until('evicted', { currentHealthy: 2, disruptionsAllowed: 1 })
})

test('a Pod that is not ready may go only when enough others are healthy, or the budget allows it', async t => {
  outcomes.set('broken', 'not-ready')
  await protect('broken', 1, { minAvailable: 1 })
  await until('broken', { currentHealthy: 0, expectedPods: 1 })
  await loops.waitUntil(pods, () => podsOf('broken').some(({ status }) => status?.phase === 'Running'))
  const [pod] = podsOf('broken')
  t.is((await evict(pod!)).status, 429)
  await kubectl('patch', 'pdb', 'broken', '-p', '{"spec":{"unhealthyPodEvictionPolicy":"AlwaysAllow"}}')
  t.is((await evict(pod!)).status, 201)
})

test('a Pod that is evicted says so as long as it is there', async t => {
  const metadata = { name: 'told', namespace: 'default', finalizers: ['example.com/wait'] }
  const spec = { containers: [{ name: 'c', image: 'x' }] }
  const pod = (await loops.client.create(pods, { metadata, spec } as never)) as unknown as Pod
  const overtaken = await evict(pod, { preconditions: { resourceVersion: '1' } })
  t.is(overtaken.status, 409)
  t.regex(overtaken.body.message, /the ResourceVersion in the precondition \(1\) does not match/)
  const replaced = await evict(pod, { preconditions: { uid: 'another' } })
  t.is(replaced.status, 409)
  t.regex(replaced.body.message, /the UID in the precondition \(another\) does not match/)
  t.is((await evict(pod)).status, 201)
  const { metadata: going, status } = await loops.client.get(pods, metadata)
  t.truthy(going.deletionTimestamp)
  t.like(
    status?.conditions?.find(({ type }) => type === 'DisruptionTarget'),
    { status: 'True', reason: 'EvictionByEvictionAPI', message: 'Eviction API: evicting' },
  )
  await kubectl('patch', 'pod', 'told', '--type=merge', '-p', '{"metadata":{"finalizers":null}}')
})

test('Pods without a number to go by are told of', async t => {
  const metadata = { name: 'alone', namespace: 'default', labels: { app: 'alone' } }
  await loops.client.create(pods, {
    metadata,
    spec: { containers: [{ name: 'c', image: 'x' }] },
  } as never)
  const spec = { selector: { matchLabels: { app: 'alone' } }, maxUnavailable: 1 }
  await loops.client.create(podDisruptionBudgets, {
    metadata: { name: 'alone', namespace: 'default' },
    spec,
  } as never)
  t.regex(
    await loops.waitForEvent('PodDisruptionBudget', 'alone', /Unmanaged/),
    /^UnmanagedPods: Pods selected by this PodDisruptionBudget \(selector: &LabelSelector\{MatchLabels:map\[string\]string\{app: alone,\},MatchExpressions:\[\]LabelSelectorRequirement\{\},\}\) were found to be unmanaged\. .* integer value\.$/,
  )
  await until('alone', { disruptionsAllowed: 0 })
})

test('a Pod of more than one budget is told of', async t => {
  for (const name of ['one', 'two']) {
    await loops.client.create(podDisruptionBudgets, {
      metadata: { name, namespace: 'default' },
      spec: { selector: { matchLabels: { app: 'wanted' } }, minAvailable: 1 },
    } as never)
    await until(name, { expectedPods: 0 })
  }
  await loops.client.create(pods, {
    metadata: { name: 'wanted', namespace: 'default', labels: { app: 'wanted' } },
    spec: { containers: [{ name: 'c', image: 'x' }] },
  } as never)
  t.regex(
    await loops.waitForEvent('Pod', 'wanted', /Multiple/),
    /^MultiplePodDisruptionBudgets: Pod "default"\/"wanted" matches multiple PodDisruptionBudgets\. {2}Chose "(one|two)" arbitrarily\.$/,
  )
})

test('requirements of a selector are told as Go prints them', t => {
  const matchExpressions = [{ key: 'tier', operator: 'In', values: ['a', 'b'] }]
  t.is(
    selectorText({ matchExpressions } as never),
    '&LabelSelector{MatchLabels:map[string]string{},MatchExpressions:[]LabelSelectorRequirement{LabelSelectorRequirement{Key:tier,Operator:In,Values:[a b],},},}',
  )
})
