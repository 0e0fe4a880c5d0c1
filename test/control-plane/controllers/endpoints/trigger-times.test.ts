import test from 'ava'
import {
  createTriggerTimes,
  TRIGGER_TIME,
  withTriggerTime,
} from '../../../../control-plane/controllers/endpoints/trigger-times.ts'

const at = (second: number): string => `2026-01-01T00:00:0${second}Z`
const service: any = { metadata: { name: 's', namespace: 'ns', creationTimestamp: at(1) } }
const pod = (name: string, second: number): any => ({
  metadata: { name },
  status: { conditions: [{ type: 'Ready', status: 'True', lastTransitionTime: at(second) }] },
})

test('endpoints of a new Service date from its creation', t => {
  t.is(createTriggerTimes().next(service, [pod('a', 5)]), at(1))
})

test('afterwards they date from the earliest change of a Pod since the last time', t => {
  const times = createTriggerTimes()
  times.next(service, [pod('a', 2)])
  t.is(times.next(service, [pod('a', 2)]), undefined)
  t.is(times.next(service, [pod('a', 6), pod('b', 4), pod('c', 5)]), at(4))
  t.is(times.next(service, [pod('a', 6), pod('b', 4)]), undefined)
  times.forget('ns/s')
  t.is(times.next(service, []), at(1))
})

test('an earlier time is taken off where nothing has changed', t => {
  const before = { a: 'b', [TRIGGER_TIME]: at(1) }
  t.deepEqual(withTriggerTime(before, at(2)), { a: 'b', [TRIGGER_TIME]: at(2) })
  t.deepEqual(withTriggerTime(before, undefined), { a: 'b' })
  t.is(withTriggerTime({ [TRIGGER_TIME]: at(1) }, undefined), undefined)
})
