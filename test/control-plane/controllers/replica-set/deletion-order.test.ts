import test from 'ava'
import type { Pod } from '../../../../api/kinds/types.ts'
import { orderForDeletion } from '../../../../control-plane/controllers/replica-set/deletion-order.ts'

const pod = (
  name: string,
  changes: { node?: string; phase?: string; ready?: string; cost?: string; restarts?: number } = {},
): Pod =>
  ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name,
      uid: name,
      creationTimestamp: '2026-01-01T00:00:00Z',
      ownerReferences: [{ uid: 'o' }],
      ...(changes.cost && { annotations: { 'controller.kubernetes.io/pod-deletion-cost': changes.cost } }),
    },
    spec: { nodeName: changes.node ?? 'n1', containers: [] },
    status: {
      phase: changes.phase ?? 'Running',
      conditions:
        changes.ready === ''
          ? []
          : [{ type: 'Ready', status: 'True', lastTransitionTime: changes.ready ?? '2026-01-01T00:01:00Z' }],
      containerStatuses: [{ restartCount: changes.restarts ?? 0 }],
    },
  }) as never

const NOW = Date.parse('2026-01-03T00:00:00Z')
const first = (...pods: Pod[]): string => orderForDeletion(pods, pods, NOW)[0]!.metadata.name

test('Pods without a node go before those that have one', t => {
  t.is(first(pod('a'), pod('b', { node: '' })), 'b')
})

test('Pods that are not ready go before those that are', t => {
  t.is(first(pod('a'), pod('b', { ready: '' })), 'b')
})

test('Pods that are cheap to delete go first', t => {
  t.is(first(pod('a', { cost: '10' }), pod('b', { cost: '-1' })), 'b')
})

test('Pods on a crowded node go first', t => {
  t.not(first(pod('a', { node: 'n2' }), pod('b'), pod('c')), 'a')
})

test('Pods that became ready much later go first', t => {
  t.is(first(pod('a'), pod('b', { ready: '2026-01-02T12:00:00Z' })), 'b')
})

test('among Pods that became ready at about the same time chance decides', t => {
  t.is(first(pod('b'), pod('a', { ready: '2026-01-01T00:02:00Z' })), 'a')
  t.is(first(pod('a'), pod('b', { ready: '2026-01-01T00:02:00Z' })), 'a')
})

test('Pods that were restarted more often go first', t => {
  const notReady = { ready: '' }
  t.is(first(pod('a', notReady), pod('b', { ...notReady, restarts: 3 })), 'b')
})
