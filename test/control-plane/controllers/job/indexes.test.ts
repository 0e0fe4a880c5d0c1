import test from 'ava'
import { backoffLeft, extendStreak } from '../../../../control-plane/controllers/job/backoff.ts'
import { verdictOf } from '../../../../control-plane/controllers/job/failure-policy.ts'
import {
  formatIndexes,
  missingIndexes,
  parseIndexes,
} from '../../../../control-plane/controllers/job/indexes.ts'

const SETS: [numbers: number[], text: string][] = [
  [[], ''],
  [[3], '3'],
  [[1, 0], '0,1'],
  [[0, 1, 2, 3], '0-3'],
  [[0, 2, 3, 5, 6, 7, 9], '0,2,3,5-7,9'],
]

for (const [numbers, text] of SETS) {
  test(`indexes are written as upstream writes them, and read back - '${text}'`, t => {
    t.is(formatIndexes(numbers), text)
    t.deepEqual([...parseIndexes(text, 100)], [...numbers].sort())
  })
}

test('indexes beyond the completions are forgotten', t => {
  t.deepEqual([...parseIndexes('0-3,7', 3)], [0, 1, 2])
})

test('the lowest free indexes are taken', t => {
  t.deepEqual(missingIndexes(new Set([0, 2]), 6, 2), [1, 3])
  t.deepEqual(missingIndexes(new Set([0, 2]), 3, 5), [1])
})

const pod = (finishedAt: string, phase: string, exitCode = 1): any => ({
  metadata: { name: 'p', namespace: 'ns' },
  status: { phase, containerStatuses: [{ name: 'c', state: { terminated: { finishedAt, exitCode } } }] },
})
const at = (second: number): string => `2025-01-01T00:00:${String(second).padStart(2, '0')}Z`
const failed = (second: number) => ({ pod: pod(at(second), 'Failed'), isFailure: true })
const none = { failures: 0, lastAt: 0 }

test('the pause after a failure is ten seconds and doubles to ten minutes', t => {
  const now = Date.parse(at(30))
  t.is(backoffLeft(none, now), 0)
  t.is(backoffLeft(extendStreak(none, [failed(30)]), now), 10_000)
  t.is(backoffLeft(extendStreak(none, [failed(20), failed(30), failed(25)]), now), 40_000)
  t.is(backoffLeft({ failures: 40, lastAt: now }, now), 600_000)
})

test('a success ends a streak of failures', t => {
  const success = { pod: pod(at(20), 'Succeeded', 0), isFailure: false }
  t.deepEqual(extendStreak({ failures: 3, lastAt: 1 }, [success]), none)
  t.is(extendStreak(none, [failed(10), success, failed(25)]).failures, 1)
})

const withPolicy = (...rules: object[]): any => ({ spec: { podFailurePolicy: { rules } } })
const onExit = (action: string, operator: string, ...values: number[]) => ({
  action,
  onExitCodes: { operator, values },
})

test('the first rule that fits a failed Pod holds', t => {
  const rules = [onExit('Ignore', 'In', 42), onExit('FailJob', 'NotIn', 1)]
  t.is(verdictOf(withPolicy(...rules), pod(at(0), 'Failed', 42))?.action, 'Ignore')
  t.is(verdictOf(withPolicy(...rules), pod(at(0), 'Failed', 1)), undefined)
  t.is(
    verdictOf(withPolicy(...rules), pod(at(0), 'Failed', 3))?.message,
    'Container c for pod ns/p failed with exit code 3 matching FailJob rule at index 1',
  )
})

test('a rule can go by a condition of the Pod', t => {
  const rule = { action: 'Ignore', onPodConditions: [{ type: 'DisruptionTarget', status: 'True' }] }
  const disrupted = pod(at(0), 'Failed')
  t.is(verdictOf(withPolicy(rule), disrupted), undefined)
  disrupted.status.conditions = [{ type: 'DisruptionTarget', status: 'True' }]
  t.is(verdictOf(withPolicy(rule), disrupted)?.action, 'Ignore')
})
