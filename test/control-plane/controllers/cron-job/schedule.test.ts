import test from 'ava'
import { timeIn } from '../../../../control-plane/controllers/cron-job/job-of.ts'
import { missedTimes, parseSchedule } from '../../../../control-plane/controllers/cron-job/schedule.ts'

const at = (text: string): number => Date.parse(text)
const NEXT: [schedule: string, zone: string | undefined, after: string, next: string][] = [
  ['*/5 * * * *', 'UTC', '2025-01-01T00:01:00Z', '2025-01-01T00:05:00Z'],
  ['0 9 * * 1-5', 'UTC', '2025-01-03T09:00:00Z', '2025-01-06T09:00:00Z'],
  ['0 0 13 * 5', 'UTC', '2025-01-04T00:00:00Z', '2025-01-10T00:00:00Z'],
  ['@daily', 'UTC', '2025-01-01T12:00:00Z', '2025-01-02T00:00:00Z'],
  ['@every 1h30m', undefined, '2025-01-01T00:00:00Z', '2025-01-01T01:30:00Z'],
  ['0 12 * * *', 'America/New_York', '2025-01-01T12:00:00Z', '2025-01-01T17:00:00Z'],
]

for (const [schedule, zone, after, next] of NEXT) {
  test(`the next time of a schedule is upstream's - ${schedule} ${zone ?? ''}`, t => {
    t.is(parseSchedule(schedule, zone).next(at(after)), at(next))
  })
}

for (const bad of ['nonsense', '61 * * * *', '@every soon']) {
  test(`a schedule that cannot be read is refused - ${bad}`, t => {
    t.throws(() => parseSchedule(bad, 'UTC'))
  })
}

test('the last of the times that came is what is due', t => {
  const hourly = parseSchedule('0 * * * *', 'UTC')
  const missed = (since: string, now: string) => missedTimes(hourly, at(since), at(now))
  t.is(missed('2025-01-01T00:10:00Z', '2025-01-01T00:50:00Z'), undefined)
  t.deepEqual(missed('2025-01-01T00:10:00Z', '2025-01-01T03:50:00Z'), {
    latest: at('2025-01-01T03:00:00Z'),
    count: 3,
  })
})

test('after a very long rest only the last time counts', t => {
  const minutely = parseSchedule('* * * * *', 'UTC')
  const now = at('2025-06-01T00:00:30Z')
  t.deepEqual(missedTimes(minutely, at('2024-01-01T00:00:00Z'), now), {
    latest: at('2025-06-01T00:00:00Z'),
    count: 100,
  })
})

test('times are written with the offset of their zone', t => {
  const time = at('2025-01-01T12:00:00Z')
  t.is(timeIn(time, 'UTC'), '2025-01-01T12:00:00Z')
  t.is(timeIn(time, 'America/New_York'), '2025-01-01T07:00:00-05:00')
  t.is(timeIn(time, 'Asia/Kolkata'), '2025-01-01T17:30:00+05:30')
})
