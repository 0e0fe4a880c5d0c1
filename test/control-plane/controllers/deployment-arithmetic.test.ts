import test from 'ava'
import type { Deployment, ReplicaSet } from '../../../api/kinds/types.ts'
import {
  newSetSize,
  oldSetSizes,
  proportionalSizes,
  rolloutBounds,
} from '../../../control-plane/controllers/deployment/arithmetic.ts'

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
  const [fresh, old] = [set('new', 0, 0), set('old', 3)]
  t.is(newSetSize(deployment(3), fresh, [fresh, old]), 1)
  t.is(newSetSize(deployment(3), set('new', 1), [set('new', 1), old]), 1)
})

test('an old set shrinks only by what the new one has made available', t => {
  t.is(oldSetSizes(deployment(3), set('new', 1, 0), [set('old', 3)]).get('old'), 3)
  t.is(oldSetSizes(deployment(3), set('new', 1, 1), [set('old', 3)]).get('old'), 2)
})

test('Pods of an old set that do not work go first', t => {
  const sizes = oldSetSizes(deployment(3), set('new', 1, 0), [set('old', 3, 1)])
  t.true(sizes.get('old')! < 3 || sizes.get('old') === 3)
  t.is(oldSetSizes(deployment(3, { maxUnavailable: 2 }), set('new', 1, 0), [set('old', 3, 1)]).get('old'), 1)
})

test('scaling in the middle of a rollout keeps the proportions', t => {
  const sizes = proportionalSizes([set('a', 8), set('b', 2)], 20)
  t.deepEqual(
    [...sizes.values()].sort((a, b) => b - a),
    [16, 4],
  )
  t.is(
    [...proportionalSizes([set('a', 8), set('b', 5)], 7).values()].reduce((sum, size) => sum + size),
    7,
  )
})
