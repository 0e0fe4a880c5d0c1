import test from 'ava'
import { type CoreEvent, createEventCorrelator } from '../../../api/client/event-correlator.ts'
import { nameEvent } from '../../../api/client/event-recorder.ts'

const time = '2026-01-02T03:04:05Z'
const START = Date.parse(time)
const MINUTE = 60_000

let made = 0
const event = (message: string, change: Partial<CoreEvent> = {}): CoreEvent => ({
  apiVersion: 'v1',
  kind: 'Event',
  metadata: { name: `p.${++made}`, namespace: 'ns' },
  involvedObject: { kind: 'Pod', name: 'p', namespace: 'ns', uid: 'u' },
  reason: 'Failed',
  message,
  type: 'Warning',
  source: { component: 'c', host: 'h' },
  reportingComponent: 'c',
  reportingInstance: 'h',
  firstTimestamp: time,
  lastTimestamp: time,
  eventTime: null,
  count: 1,
  ...change,
})

test('an event that happens again keeps its name and is counted', t => {
  const { correlate } = createEventCorrelator()
  const first = correlate(event('x'), START)!
  const again = correlate(event('x', { lastTimestamp: 'later' }), START)!
  t.like(again, { metadata: first.metadata, count: 2, firstTimestamp: time, lastTimestamp: 'later' })
  t.is(correlate(event('y'), START)!.count, 1)
})

test('from the tenth message on similar events share one', t => {
  const { correlate } = createEventCorrelator()
  const all = Array.from({ length: 12 }, (_, i) => correlate(event(`message ${i}`), START)!)
  t.deepEqual(
    all.slice(0, 9).map(({ message, count }) => [message, count]),
    Array.from({ length: 9 }, (_, i) => [`message ${i}`, 1]),
  )
  t.deepEqual(
    all.slice(9).map(({ message, count }) => [message, count]),
    [9, 10, 11].map((i, n) => [`(combined from similar events): message ${i}`, n + 1]),
  )
  t.is(new Set(all.slice(9).map(({ metadata }) => metadata.name)).size, 1)
  t.like(all[9], { reportingComponent: '', reportingInstance: '', source: { component: 'c', host: 'h' } })
  t.is(correlate(event('message', { reason: 'Other' }), START)!.message, 'message')
})

test('events that are rare enough are not combined', t => {
  const { correlate } = createEventCorrelator()
  for (let i = 0; i < 12; i++) {
    t.is(correlate(event(`message ${i}`), START + i * 11 * MINUTE)!.message, `message ${i}`)
  }
})

test('one source tells 25 events of a type about an object, and then one in five minutes', t => {
  const { correlate } = createEventCorrelator()
  const tell = (at: number, change?: Partial<CoreEvent>) => correlate(event('x', change), at)
  for (let i = 0; i < 25; i++) t.truthy(tell(START))
  t.is(tell(START), undefined)
  t.is(tell(START + 4 * MINUTE), undefined)
  t.like(tell(START + 6 * MINUTE), { count: 28 })
  t.is(tell(START + 6 * MINUTE), undefined)
  t.truthy(tell(START, { type: 'Normal' }))
  t.truthy(tell(START, { involvedObject: { kind: 'Pod', name: 'q', namespace: 'ns', uid: 'v' } }))
})

test('events of one object have different names, short enough for objects with long ones', t => {
  const named = (name: string) => nameEvent({ apiVersion: 'v1', kind: 'Node', metadata: { name } }).name
  const names = Array.from({ length: 1000 }, () => named('n1'))
  t.is(new Set(names).size, 1000)
  t.regex(names[0]!, /^n1\.[0-9a-f]{16}$/)
  t.is(named('x'.repeat(253)).length, 253)
})
