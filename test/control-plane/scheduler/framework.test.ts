import test from 'ava'
import type { Node, Pod } from '../../../api/kinds/types.ts'
import { BUILTIN_STEPS, type Decision, schedulePod } from '../../../control-plane/scheduler/framework.ts'
import { createNominations } from '../../../control-plane/scheduler/nominations.ts'
import { defaultPreemption } from '../../../control-plane/scheduler/preemption.ts'
import { normalizeByHighest, normalizeByRange } from '../../../control-plane/scheduler/scoring.ts'
import { createSnapshot } from '../../../control-plane/scheduler/snapshot.ts'
import type { SchedulerPlugin } from '../../../plugins/scheduler.ts'

/** The built-in steps with preemption, as the scheduler runs them. */
const STEPS = [...BUILTIN_STEPS, defaultPreemption({ steps: BUILTIN_STEPS, budgets: () => [] })]

const node = (
  name: string,
  changes: {
    cpu?: string
    memory?: string
    images?: object[]
    labels?: object
    taints?: object[]
    unschedulable?: boolean
  } = {},
): Node =>
  ({
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name, labels: { 'kubernetes.io/hostname': name, ...changes.labels } },
    spec: { taints: changes.taints, unschedulable: changes.unschedulable },
    status: {
      allocatable: { cpu: changes.cpu ?? '2', memory: changes.memory ?? '4Gi', pods: '110' },
      images: changes.images,
    },
  }) as never

const pod = (name: string, spec: object = {}, labels: object = {}): Pod =>
  ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: 'default', labels },
    spec: { containers: [{ name: 'c', resources: {} }], ...spec },
  }) as never

const requesting = (cpu: string, more: object = {}): object => ({
  containers: [{ name: 'c', resources: { requests: { cpu } } }],
  ...more,
})

function nodesWith(nodes: Node[], placed: Pod[] = []) {
  const snapshot = createSnapshot()
  for (const each of nodes) snapshot.setNode(each)
  for (const each of placed) snapshot.setPod(each)
  return snapshot.nodes()
}

const decide = (wanted: Pod, nodes: Node[], placed: Pod[] = []) =>
  schedulePod(wanted, { nodes: nodesWith(nodes, placed) }, STEPS)

test('a Pod goes to the node that has room', t => {
  const full = pod('full', { ...requesting('1900m'), nodeName: 'a' })
  t.is(decide(pod('p', requesting('500m')), [node('a'), node('b')], [full]).nodeName, 'b')
})

test('too little of a resource is told node by node', t => {
  t.like(decide(pod('p', requesting('3')), [node('a'), node('b')]), {
    nodeName: undefined,
    message:
      '0/2 nodes are available: 2 Insufficient cpu. no new claims to deallocate, preemption: 0/2 nodes are available: 2 Preemption is not helpful for scheduling.',
  })
})

test('a taint keeps Pods away that do not tolerate it', t => {
  const tainted = node('a', { taints: [{ key: 'k', value: 'v', effect: 'NoSchedule' }] })
  t.like(decide(pod('p'), [tainted]), {
    message:
      '0/1 nodes are available: 1 node(s) had untolerated taint(s). no new claims to deallocate, preemption: 0/1 nodes are available: 1 Preemption is not helpful for scheduling.',
  })
  const tolerations = [{ key: 'k', operator: 'Exists' }]
  t.is(decide(pod('p', { tolerations }), [tainted]).nodeName, 'a')
})

test('a cordoned node gets no Pods', t => {
  t.like(decide(pod('p'), [node('a', { unschedulable: true })]), {
    message:
      '0/1 nodes are available: 1 node(s) were unschedulable. no new claims to deallocate, preemption: 0/1 nodes are available: 1 Preemption is not helpful for scheduling.',
  })
})

test('nodeSelector and required affinity choose nodes by their labels', t => {
  const nodes = [node('a'), node('b', { labels: { disk: 'ssd' } })]
  t.is(decide(pod('p', { nodeSelector: { disk: 'ssd' } }), nodes).nodeName, 'b')
  t.like(decide(pod('p', { nodeSelector: { disk: 'tape' } }), nodes), {
    message:
      "0/2 nodes are available: 2 node(s) didn't match Pod's node affinity/selector. no new claims to deallocate, preemption: 0/2 nodes are available: 2 Preemption is not helpful for scheduling.",
  })
})

test('replicas of one template spread over the nodes', t => {
  const labels = { 'pod-template-hash': 'x' }
  const placed = [pod('p1', { nodeName: 'a' }, labels), pod('p2', { nodeName: 'a' }, labels)]
  t.is(decide(pod('p3', {}, labels), [node('a'), node('b')], placed).nodeName, 'b')
})

test('anti-affinity keeps Pods apart', t => {
  const term = { labelSelector: { matchLabels: { app: 'x' } }, topologyKey: 'kubernetes.io/hostname' }
  const affinity = { podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [term] } }
  const placed = [pod('p1', { nodeName: 'a' }, { app: 'x' })]
  t.is(decide(pod('p2', { affinity }, { app: 'x' }), [node('a'), node('b')], placed).nodeName, 'b')
  t.is(decide(pod('p2', { affinity }, { app: 'x' }), [node('a')], placed).nodeName, undefined)
})

test('a host port is given once a node', t => {
  const spec = { containers: [{ name: 'c', ports: [{ containerPort: 80, hostPort: 80 }] }] }
  const placed = [pod('p1', { ...spec, nodeName: 'a' })]
  t.is(decide(pod('p2', spec), [node('a'), node('b')], placed).nodeName, 'b')
})

const big = (cpu: string, memory: string, more: object = {}): object => ({
  containers: [{ name: 'c', resources: { requests: { cpu, memory } } }],
  ...more,
})

test('every resource there is too little of is named', t => {
  const placed = [pod('there', { ...big('1500m', '3Gi'), nodeName: 'a' })]
  t.like(decide(pod('p', big('1', '2Gi')), [node('a')], placed), {
    message:
      '0/1 nodes are available: 1 Insufficient cpu, 1 Insufficient memory. no new claims to deallocate, preemption: 0/1 nodes are available: 1 No preemption victims found for incoming pod.',
  })
})

test('a Pod that must not preempt is told so', t => {
  const placed = [pod('there', { ...requesting('2'), nodeName: 'a', priority: 0 })]
  const wanted = pod('p', requesting('1', { priority: 10, preemptionPolicy: 'Never' }))
  t.like(decide(wanted, [node('a')], placed), {
    message:
      '0/1 nodes are available: 1 Insufficient cpu. no new claims to deallocate, preemption: not eligible due to preemptionPolicy=Never.',
  })
})

test('an important Pod takes the place of the least important that make room', t => {
  const placed = [
    pod('low', { ...requesting('1'), nodeName: 'a', priority: 1 }),
    pod('lower', { ...requesting('1'), nodeName: 'a', priority: 0 }),
  ]
  const decision = decide(pod('vip', requesting('1', { priority: 100 })), [node('a')], placed)
  t.is(decision.nodeName, undefined)
  t.deepEqual(victimsOf(decision), ['lower'])
})

const victimsOf = (decision: Decision): string[] =>
  ('preemption' in decision ? (decision.preemption?.victims ?? []) : []).map(({ metadata }) => metadata.name)

test('room is made on the node where the least important Pods go', t => {
  const placed = [
    pod('mid', { ...requesting('2'), nodeName: 'a', priority: 5 }),
    pod('low-1', { ...requesting('1'), nodeName: 'b', priority: 1 }),
    pod('low-2', { ...requesting('1'), nodeName: 'b', priority: 1 }),
  ]
  const decision = decide(pod('vip', requesting('2', { priority: 100 })), [node('a'), node('b')], placed)
  t.deepEqual(victimsOf(decision).sort(), ['low-1', 'low-2'])
})

test('Pods that no budget protects go first', t => {
  const placed = [
    pod('kept', { ...requesting('2'), nodeName: 'a', priority: 1 }, { app: 'kept' }),
    pod('free', { ...requesting('2'), nodeName: 'b', priority: 1 }, { app: 'free' }),
  ]
  const budget = {
    metadata: { name: 'b', namespace: 'default' },
    spec: { selector: { matchLabels: { app: 'kept' } } },
    status: { disruptionsAllowed: 0 },
  } as never
  const steps = [...BUILTIN_STEPS, defaultPreemption({ steps: BUILTIN_STEPS, budgets: () => [budget] })]
  const wanted = pod('vip', requesting('1', { priority: 9 }))
  const decision = schedulePod(wanted, { nodes: nodesWith([node('a'), node('b')], placed) }, steps)
  t.deepEqual(victimsOf(decision), ['free'])
})

test('a less important Pod does not take the room that was made for another', t => {
  const nominations = createNominations()
  const vip = pod('vip', requesting('2', { priority: 9 }))
  vip.metadata.uid = 'vip'
  nominations.set(vip, 'a')
  const cluster = { nodes: nodesWith([node('a')]), withNominated: nominations.withNominated }
  t.is(schedulePod(pod('small', requesting('1')), cluster, STEPS).nodeName, undefined)
  t.is(schedulePod(vip, cluster, STEPS).nodeName, 'a')
  nominations.remove(vip)
  t.is(schedulePod(pod('small', requesting('1')), cluster, STEPS).nodeName, 'a')
})

test('a step that refuses a Pod outright says why once', t => {
  const step: SchedulerPlugin = { name: 'Refuser', preFilter: () => ({ reason: 'the moon is full' }) }
  const decision = schedulePod(pod('p'), { nodes: nodesWith([node('a'), node('b')]) }, [step, ...STEPS])
  t.like(decision, {
    message:
      '0/2 nodes are available: the moon is full. no new claims to deallocate, preemption: 0/2 nodes are available: 2 Preemption is not helpful for scheduling.',
  })
})

test('scores of a step are brought to one scale before they are weighed', t => {
  const scores: Record<string, number> = { a: 3000, b: 1000 }
  const step: SchedulerPlugin = {
    name: 'Huge',
    score: (_pod, { node: { metadata } }) => scores[metadata.name]!,
    normalizeScore: (_pod, all) => normalizeByHighest(all),
  }
  const nodes = nodesWith([node('a'), node('b')])
  for (let i = 0; i < 10; i++) t.is(schedulePod(pod('p'), { nodes }, [step]).nodeName, 'a')
  const { normalizeScore: _, ...wrong } = step
  t.throws(() => schedulePod(pod('p'), { nodes }, [wrong]), { message: /"Huge" returns an invalid score/ })
})

test('scores are normalized as upstream does it', t => {
  const values = (change: (scores: Map<string, number>) => void, ...given: number[]): number[] => {
    const scores = new Map(given.map((score, i) => [String(i), score]))
    change(scores)
    return [...scores.values()]
  }
  t.deepEqual(values(normalizeByHighest, 1, 2, 4), [25, 50, 100])
  t.deepEqual(
    values(scores => normalizeByHighest(scores, true), 0, 2, 4),
    [100, 50, 0],
  )
  t.deepEqual(values(normalizeByHighest, 0, 0), [0, 0])
  t.deepEqual(values(normalizeByRange, -10, 0, 10), [0, 50, 100])
  t.deepEqual(values(normalizeByRange, 7, 7), [0, 0])
})

test('a node with a taint that is only preferred against comes second', t => {
  const soft = node('a', { taints: [{ key: 'k', value: 'v', effect: 'PreferNoSchedule' }] })
  t.is(decide(pod('p'), [soft, node('b')]).nodeName, 'b')
})

test('preferred affinity outweighs where there is a little more room', t => {
  const preference = { matchExpressions: [{ key: 'disk', operator: 'In', values: ['ssd'] }] }
  const preferred = [{ weight: 1, preference }]
  const affinity = { nodeAffinity: { preferredDuringSchedulingIgnoredDuringExecution: preferred } }
  const placed = [pod('there', { ...requesting('200m'), nodeName: 'b' })]
  const nodes = [node('a'), node('b', { labels: { disk: 'ssd' } })]
  t.is(decide(pod('p', { affinity }), nodes, placed).nodeName, 'b')
})

test('a Pod follows those it prefers to be near, and shuns those it does not', t => {
  const term = { labelSelector: { matchLabels: { app: 'x' } }, topologyKey: 'kubernetes.io/hostname' }
  const preferred = [{ weight: 100, podAffinityTerm: term }]
  const placed = [pod('x', { nodeName: 'b' }, { app: 'x' })]
  const with_ = (kind: string) =>
    pod('p', { affinity: { [kind]: { preferredDuringSchedulingIgnoredDuringExecution: preferred } } })
  t.is(decide(with_('podAffinity'), [node('a'), node('b')], placed).nodeName, 'b')
  t.is(decide(with_('podAntiAffinity'), [node('a'), node('b')], placed).nodeName, 'a')
})

test('a term may choose namespaces by their labels', t => {
  const term = {
    labelSelector: { matchLabels: { app: 'x' } },
    topologyKey: 'kubernetes.io/hostname',
    namespaceSelector: { matchLabels: { team: 'red' } },
  }
  const affinity = { podAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [term] } }
  const there = pod('x', { nodeName: 'b' }, { app: 'x' })
  there.metadata.namespace = 'other'
  const nodes = nodesWith([node('a'), node('b')], [there])
  const placeIn = (labels: Record<string, string>) =>
    schedulePod(pod('p', { affinity }), { nodes, namespaceLabels: () => labels }, STEPS).nodeName
  t.is(placeIn({ team: 'red' }), 'b')
  t.is(placeIn({ team: 'blue' }), undefined)
})

test('a hard spread keeps the skew within its bound', t => {
  const constraint = {
    maxSkew: 1,
    topologyKey: 'kubernetes.io/hostname',
    whenUnsatisfiable: 'DoNotSchedule',
    labelSelector: { matchLabels: { app: 's' } },
  }
  const wanted = pod('p', { topologySpreadConstraints: [constraint] }, { app: 's' })
  const placed = [pod('s1', { nodeName: 'a' }, { app: 's' })]
  t.is(decide(wanted, [node('a'), node('b')], placed).nodeName, 'b')
  const full = pod('full', { ...requesting('2'), nodeName: 'b' })
  const bigger = pod('p', { ...requesting('1'), topologySpreadConstraints: [constraint] }, { app: 's' })
  t.like(decide(bigger, [node('a'), node('b')], [...placed, full]), {
    message:
      "0/2 nodes are available: 1 Insufficient cpu, 1 node(s) didn't match pod topology spread constraints. no new claims to deallocate, preemption: 0/2 nodes are available: 2 No preemption victims found for incoming pod.",
  })
  const few = { ...constraint, minDomains: 3 }
  t.is(
    decide(pod('p', { topologySpreadConstraints: [few] }, { app: 's' }), [node('a')], placed).nodeName,
    undefined,
  )
})

test('a node that has a large image is preferred to one that has not', t => {
  const images = [{ names: ['big:1'], sizeBytes: 2_000_000_000 }]
  const spec = { containers: [{ name: 'c', image: 'big:1' }] }
  t.is(decide(pod('p', spec), [node('a'), node('b', { images }), node('c')]).nodeName, 'b')
})
