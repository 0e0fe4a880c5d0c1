import test from 'ava'
import { FlowStats } from '../../../../control-plane/apiserver/fairness/flow-stats.ts'
import { PriorityLevel } from '../../../../control-plane/apiserver/fairness/priority-level.ts'
import {
  type Admission,
  QueueSet,
  type Queuing,
} from '../../../../control-plane/apiserver/fairness/queue-set.ts'
import { ClassifiedTicket, Schema } from '../../../../control-plane/apiserver/fairness/schema.ts'
import { dealHand, hashFlow } from '../../../../control-plane/apiserver/fairness/shuffle-shard.ts'
import { parseRequest } from '../../../../control-plane/apiserver/pipeline/request-info.ts'
import {
  SUGGESTED_LEVELS,
  SUGGESTED_SCHEMAS,
} from '../../../../control-plane/registry/flowcontrol/defaults.ts'

const info = parseRequest('GET', '/api/v1/pods')
const object = SUGGESTED_SCHEMAS.find(({ metadata }) => metadata.name === 'global-default')!

/** Requests that come to a level with so many seats, at times of the test's own. */
function level(limit: number, queuing: Partial<Queuing> = {}) {
  const requests = new QueueSet(0)
  requests.configure({ queues: 16, handSize: 2, queueLengthLimit: 50, ...queuing }, limit, limit, 0)
  const schema = new Schema(
    object,
    new PriorityLevel(SUGGESTED_LEVELS[0]!, 0),
    new FlowStats('level', 'schema'),
  )
  const started: string[] = []
  const come = (user: string, now: number, seats = 1): { ticket: ClassifiedTicket; admission: Admission } => {
    const person = { name: user, groups: [] }
    const ticket = new ClassifiedTicket(info, person, schema)
    ticket.initialSeats = seats
    ticket.decide = isAdmitted => void (isAdmitted && started.push(user))
    return { ticket, admission: requests.enter(ticket, now) }
  }
  return { requests, come, started, stats: schema.stats }
}

test('requests start at once while there are seats, and wait when there are none', t => {
  const { come, requests, started } = level(2)
  const first = come('a', 0)
  t.is(first.admission, 'execute')
  t.is(come('a', 0).admission, 'execute')
  t.is(come('a', 0).admission, 'wait')
  t.like(requests, { seatsInUse: 2, seatsWaiting: 1, waiting: 1 })
  requests.leave(first.ticket, 5)
  t.deepEqual(started, ['a'])
  t.like(requests, { seatsInUse: 2, seatsWaiting: 0, waiting: 0 })
})

test('who floods the level does not keep others waiting', t => {
  const { come, requests, started } = level(1)
  const { ticket } = come('flood', 0)
  const waiting = Array.from({ length: 20 }, () => come('flood', 1).ticket)
  waiting.push(come('modest', 2).ticket)
  requests.leave(ticket, 10)
  for (let now = 20; started.length < 21; now += 10) {
    const running = waiting.find(one => one.startedAt > 0 && requests.executing.has(one))!
    requests.leave(running, now)
  }
  t.true(started.indexOf('modest') <= 2, started.join(' '))
})

/** So many users none of whom shares a queue with another. */
function strangers(count: number, queues: number, handSize: number): string[] {
  const users: string[] = []
  const taken = new Set<number>()
  for (let i = 0; users.length < count; i++) {
    const hand = dealHand(hashFlow('schema', `user-${i}`), queues, handSize)
    if (hand.some(queue => taken.has(queue))) continue
    for (const queue of hand) taken.add(queue)
    users.push(`user-${i}`)
  }
  return users
}

test('flows that want as much get as much, however many requests one of them has waiting', t => {
  const { come, requests } = level(4, { queues: 64, handSize: 6, queueLengthLimit: 1000 })
  const users = strangers(3, 64, 6)
  const done = new Map(users.map(user => [user, 0]))
  let now = 0
  for (const [i, user] of users.entries()) for (let k = 0; k < (i === 0 ? 400 : 40); k++) come(user, now)
  for (let rounds = 0; rounds < 20; rounds++) {
    now += 3
    for (const ticket of [...requests.executing]) {
      requests.leave(ticket, now)
      done.set(ticket.user.name, done.get(ticket.user.name)! + 1)
    }
  }
  const counts = [...done.values()]
  t.true(Math.max(...counts) - Math.min(...counts) <= 6, counts.join(' '))
})

test('a queue that is full refuses', t => {
  const { come, requests, stats } = level(1, { handSize: 1, queueLengthLimit: 2 })
  const admissions = Array.from({ length: 4 }, () => come('a', 0).admission)
  t.deepEqual(admissions, ['execute', 'wait', 'wait', 'queue-full'])
  t.is(requests.refused, 1)
  t.is(stats.refused['queue-full'], 1)
})

test('a level without queues refuses what it has no seats for', t => {
  const { come, requests, stats } = level(2, { queues: 0 })
  const { ticket } = come('a', 0)
  t.deepEqual([come('b', 0).admission, come('c', 0).admission], ['execute', 'concurrency-limit'])
  requests.leave(ticket, 1)
  t.is(come('c', 1).admission, 'execute')
  t.is(stats.refused['concurrency-limit'], 1)
})

test('an exempt level lets everyone in', t => {
  const { come, requests } = level(0, { queues: -1 })
  const all = Array.from({ length: 50 }, () => come('a', 0))
  t.true(all.every(({ admission }) => admission === 'execute'))
  for (const { ticket } of all) requests.leave(ticket, 1)
  t.like(requests, { seatsInUse: 0, isIdle: true })
})

test('a wide request waits for its seats, and one that is wider than the level until it is alone', t => {
  const { come, requests, started, stats } = level(4)
  const { ticket } = come('a', 0, 3)
  const wide = come('b', 0, 2)
  t.is(wide.admission, 'wait')
  t.is(stats.unaccommodated, 1)
  const widest = come('c', 1, 10)
  t.is(widest.admission, 'wait')
  requests.leave(ticket, 2)
  t.deepEqual(started, ['b'])
  requests.leave(wide.ticket, 3)
  t.deepEqual(started, ['b', 'c'])
  t.is(requests.seatsInUse, 10)
  requests.leave(widest.ticket, 4)
  t.is(requests.seatsInUse, 0)
})

test('who gives up makes room', t => {
  const { come, requests, stats } = level(1, { handSize: 1, queueLengthLimit: 1 })
  const first = come('a', 0)
  const second = come('a', 0)
  t.is(come('a', 0).admission, 'queue-full')
  t.true(requests.cancel(second.ticket, 1))
  t.false(requests.cancel(second.ticket, 1))
  t.is(stats.refused['time-out'], 1)
  const third = come('a', 2)
  t.is(third.admission, 'wait')
  requests.leave(first.ticket, 3)
  t.false(requests.cancel(third.ticket, 4))
  requests.leave(third.ticket, 5)
  t.like(requests, { seatsInUse: 0, waiting: 0, isIdle: true })
})

test('seats stay taken while events of a write go out', async t => {
  const { requests, come, started } = level(4)
  const { ticket } = come('a', 0)
  ticket.finalSeats = 0
  requests.leave(ticket, 1)
  const write = new ClassifiedTicket(info, ticket.user, ticket.schema)
  write.finalSeats = 40
  write.lingering = 0.005
  t.is(requests.enter(write, 2), 'execute')
  // Forty seats for 5 ms are as much as four for 50 ms.
  t.is(write.finalSeats, 4)
  t.true(Math.abs(write.lingering - 0.05) < 1e-9)
  t.is(come('b', 3).admission, 'wait')
  const released = new Promise<void>(resolve => {
    requests.drained = resolve
  })
  requests.leave(write, 4)
  t.is(requests.seatsInUse, 4)
  // The process would end: the timer keeps nobody waiting.
  const alive = setInterval(() => {}, 1_000)
  while (started.length === 0) await new Promise(resolve => setImmediate(resolve))
  clearInterval(alive)
  for (const one of [...requests.executing]) requests.leave(one, performance.now())
  await released
  t.is(requests.seatsInUse, 0)
})

test('queues come and go while requests wait', t => {
  const { come, requests } = level(1, { queues: 8, handSize: 4 })
  const all = Array.from({ length: 30 }, (_, i) => come(`user-${i}`, i).ticket)
  requests.configure({ queues: 2, handSize: 1, queueLengthLimit: 50 }, 1, 1, 40)
  all.push(...Array.from({ length: 10 }, (_, i) => come(`user-${i}`, 50).ticket))
  for (let now = 60; requests.executing.size > 0; now++) {
    for (const ticket of [...requests.executing]) requests.leave(ticket, now)
  }
  t.true(all.every(({ startedAt }) => startedAt >= 0) && requests.dispatched === 40)
  t.is(requests.queues.length, 2)
  t.true(requests.isIdle)
  requests.configure({ queues: 16, handSize: 4, queueLengthLimit: 50 }, 1, 1, 200)
  t.is(requests.queues.length, 16)
})

test('more seats let those in who wait', t => {
  const { come, requests, started } = level(1)
  for (const user of ['a', 'b', 'c']) come(user, 0)
  requests.configure({ queues: 16, handSize: 2, queueLengthLimit: 50 }, 3, 3, 1)
  t.is(started.length, 2)
})
