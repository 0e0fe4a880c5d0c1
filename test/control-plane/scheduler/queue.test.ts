import test from 'ava'
import type { Pod } from '../../../api/kinds/types.ts'
import { createSchedulingQueue } from '../../../control-plane/scheduler/queue.ts'
import { prioritySort } from '../../../control-plane/scheduler/steps/priority-sort.ts'

const pod = (name: string, priority = 0): Pod => ({ metadata: { name }, spec: { priority } }) as never

test('the most important Pod comes first, the longest waiting among equals', async t => {
  const queue = createSchedulingQueue(prioritySort.queueSort!)
  for (const [name, priority] of Object.entries({ a: 0, b: 5, c: 0, d: 9, e: 5 })) {
    queue.add(name, pod(name, priority))
    await new Promise(done => setTimeout(done, 2))
  }
  const order: (string | undefined)[] = []
  for (let i = 0; i < 5; i++) order.push(await queue.take())
  t.deepEqual(order, ['d', 'b', 'e', 'a', 'c'])
  queue.shutDown()
})

test('the order is the one that is given', async t => {
  const queue = createSchedulingQueue((a, b) => (a.pod.metadata.name > b.pod.metadata.name ? -1 : 1))
  for (const name of ['b', 'c', 'a']) queue.add(name, pod(name))
  t.deepEqual([await queue.take(), await queue.take(), await queue.take()], ['c', 'b', 'a'])
  queue.shutDown()
})

test('a Pod that was tried in vain waits until something changes', async t => {
  const queue = createSchedulingQueue(prioritySort.queueSort!)
  queue.add('tried', pod('tried'))
  t.is(await queue.take(), 'tried')
  queue.park('tried', pod('tried'))
  queue.add('other', pod('other'))
  t.is(await queue.take(), 'other')
  const next = queue.take()
  queue.activateAll()
  t.is(await next, 'tried')
  queue.shutDown()
})

test('a Pod that changed or went is not handed out as it was', async t => {
  const queue = createSchedulingQueue(prioritySort.queueSort!)
  queue.add('low', pod('low', 1))
  queue.add('gone', pod('gone', 9))
  queue.add('low', pod('low', 7))
  queue.remove('gone')
  queue.add('mid', pod('mid', 5))
  t.deepEqual([await queue.take(), await queue.take()], ['low', 'mid'])
  const none = queue.take()
  queue.shutDown()
  t.is(await none, undefined)
})
