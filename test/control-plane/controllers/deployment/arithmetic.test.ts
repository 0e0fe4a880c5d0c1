import test from 'ava'
import type { Deployment, ReplicaSet } from '../../../../api/kinds/types.ts'
import {
  newSetSize,
  oldSetSizes,
  rolloutBounds,
} from '../../../../control-plane/controllers/deployment/arithmetic.ts'
import { proportionalSizes } from '../../../../control-plane/controllers/deployment/proportional.ts'

const deployment = (replicas: number, rollingUpdate: object = {}, type = 'RollingUpdate'): Deployment =>
  ({
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'd' },
    spec: { replicas, strategy: { type, rollingUpdate } },
  }) as never

const set = (
  name: string,
  replicas: number,
  availableReplicas = replicas,
  creationTimestamp = '2026-01-01T00:00:00Z',
): ReplicaSet =>
  ({
    apiVersion: 'apps/v1',
    kind: 'ReplicaSet',
    metadata: { name, creationTimestamp },
    spec: { replicas },
    status: { availableReplicas },
  }) as never

const bounds = test.macro({
  title: (_, replicas: number, strategy: object) =>
    `bounds of ${replicas} replicas with ${JSON.stringify(strategy)}`,
  exec(t, replicas: number, strategy: object, maxSurge: number, maxUnavailable: number) {
    t.deepEqual(rolloutBounds(deployment(replicas, strategy)), { maxSurge, maxUnavailable })
  },
})

test(bounds, 3, {}, 1, 0)
test(bounds, 10, {}, 3, 2)
test(bounds, 4, { maxSurge: 0, maxUnavailable: 1 }, 0, 1)
test(bounds, 3, { maxSurge: '0%', maxUnavailable: '10%' }, 0, 1)
test(bounds, 5, { maxSurge: '100%', maxUnavailable: '50%' }, 5, 2)

test('the new set grows only as far as the surge allows', t => {
  t.is(newSetSize(deployment(3), 0, [set('new', 0, 0), set('old', 3)]), 1)
  t.is(newSetSize(deployment(3), 1, [set('new', 1), set('old', 3)]), 1)
  t.is(newSetSize(deployment(3), 1, [set('new', 1), set('old', 2)]), 2)
  t.is(newSetSize(deployment(3), 5, [set('new', 5)]), 3)
})

test('an old set shrinks only by what the new one has made available', t => {
  t.is(oldSetSizes(deployment(3), set('new', 1, 0), [set('old', 3)]).get('old'), 3)
  t.is(oldSetSizes(deployment(3), set('new', 1, 1), [set('old', 3)]).get('old'), 2)
})

test('Pods of an old set that do not work go first', t => {
  t.is(oldSetSizes(deployment(3), set('new', 1, 0), [set('old', 3, 1)]).get('old'), 3)
  t.is(oldSetSizes(deployment(3, { maxUnavailable: 2 }), set('new', 1, 0), [set('old', 3, 1)]).get('old'), 1)
})

test('old sets whose status is behind their size are left alone', t => {
  t.is(oldSetSizes(deployment(4, { maxUnavailable: 1 }), set('new', 2, 1), [set('old', 3, 4)]).get('old'), 3)
})

test('of several old sets the oldest shrinks first', t => {
  const oldSets = [set('young', 2, 2, '2026-01-02T00:00:00Z'), set('old', 2)]
  const sizes = oldSetSizes(deployment(4, { maxUnavailable: 1 }), set('new', 1), oldSets)
  t.deepEqual(Object.fromEntries(sizes), { young: 2, old: 0 })
})

const sized = (name: string, replicas: number, max: number): ReplicaSet => {
  const annotations = { 'deployment.kubernetes.io/max-replicas': String(max) }
  const made = set(name, replicas)
  return { ...made, metadata: { ...made.metadata, annotations } }
}

const proportions = test.macro({
  title: (_, from: number[], before: number, to: number, after: number[]) =>
    `${from.join(' + ')} Pods scaled from ${before} to ${to} in a rollout become ${after.join(' + ')}`,
  exec(t, from: number[], before: number, to: number, after: number[]) {
    const sets = from.map((replicas, i) => sized(String(i), replicas, before))
    const sizes = proportionalSizes(deployment(to, { maxSurge: 0, maxUnavailable: 1 }), sets)
    t.deepEqual([...sizes.values()], after)
  },
})

test(proportions, [8, 2], 10, 20, [16, 4])
test(proportions, [5, 5], 10, 15, [8, 7])
test(proportions, [8, 5], 13, 6, [4, 2])
test(proportions, [8, 2], 10, 0, [0, 0])
test(proportions, [2, 2, 1], 5, 9, [4, 4, 1])
