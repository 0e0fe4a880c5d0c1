import test from 'ava'
import type { Node, Pod } from '../../../api/kinds/types.ts'
import { BUILTIN_STEPS, schedulePod } from '../../../control-plane/scheduler/framework.ts'
import { findPreemption } from '../../../control-plane/scheduler/preemption.ts'
import { createSnapshot } from '../../../control-plane/scheduler/snapshot.ts'

const node = (
  name: string,
  changes: { cpu?: string; labels?: object; taints?: object[]; unschedulable?: boolean } = {},
): Node =>
  ({
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name, labels: { 'kubernetes.io/hostname': name, ...changes.labels } },
    spec: { taints: changes.taints, unschedulable: changes.unschedulable },
    status: { allocatable: { cpu: changes.cpu ?? '2', memory: '4Gi', pods: '110' } },
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
  schedulePod(wanted, nodesWith(nodes, placed), BUILTIN_STEPS)

test('a Pod goes to the node that has room', t => {
  const full = pod('full', { ...requesting('1900m'), nodeName: 'a' })
  t.is(decide(pod('p', requesting('500m')), [node('a'), node('b')], [full]).nodeName, 'b')
})

test('too little of a resource is told node by node', t => {
  t.like(decide(pod('p', requesting('3')), [node('a'), node('b')]), {
    nodeName: undefined,
    message: '0/2 nodes are available: 2 Insufficient cpu.',
  })
})

test('a taint keeps Pods away that do not tolerate it', t => {
  const tainted = node('a', { taints: [{ key: 'k', value: 'v', effect: 'NoSchedule' }] })
  t.like(decide(pod('p'), [tainted]), {
    message: '0/1 nodes are available: 1 node(s) had untolerated taint {k: v}.',
  })
  const tolerations = [{ key: 'k', operator: 'Exists' }]
  t.is(decide(pod('p', { tolerations }), [tainted]).nodeName, 'a')
})

test('a cordoned node gets no Pods', t => {
  t.like(decide(pod('p'), [node('a', { unschedulable: true })]), {
    message: '0/1 nodes are available: 1 node(s) were unschedulable.',
  })
})

test('nodeSelector and required affinity choose nodes by their labels', t => {
  const nodes = [node('a'), node('b', { labels: { disk: 'ssd' } })]
  t.is(decide(pod('p', { nodeSelector: { disk: 'ssd' } }), nodes).nodeName, 'b')
  t.like(decide(pod('p', { nodeSelector: { disk: 'tape' } }), nodes), {
    message: "0/2 nodes are available: 2 node(s) didn't match Pod's node affinity/selector.",
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

test('an important Pod takes the place of the least important that make room', t => {
  const placed = [
    pod('low', { ...requesting('1'), nodeName: 'a', priority: 1 }),
    pod('lower', { ...requesting('1'), nodeName: 'a', priority: 0 }),
  ]
  const nodes = nodesWith([node('a')], placed)
  const wanted = pod('vip', requesting('1', { priority: 100 }))
  const decision = schedulePod(wanted, nodes, BUILTIN_STEPS)
  t.is(decision.nodeName, undefined)
  const preemption = findPreemption(wanted, [...nodes], nodes, BUILTIN_STEPS)
  t.deepEqual(
    preemption?.victims.map(({ metadata }) => metadata.name),
    ['lower'],
  )
})
