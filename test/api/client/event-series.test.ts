import test from 'ava'
import { createSeriesRecorder } from '../../../api/client/event-series.ts'
import { events } from '../../../api/kinds/events.ts'
import { startTestApiServer, type TestApiServer } from '../../helpers/api-server.ts'

let api: TestApiServer
test.before(async () => {
  api = await startTestApiServer()
})
test.after.always(() => api?.stop())

const pod = (name: string) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, namespace: 'default', uid: name, resourceVersion: '1' },
})
const said = { type: 'Warning', reason: 'FailedScheduling', action: 'Scheduling', note: 'no' } as const

async function told(name: string, isWanted: (items: any[]) => boolean): Promise<any[]> {
  for (const end = Date.now() + 60_000; ; ) {
    const fieldSelector = `regarding.name=${name}`
    const { items } = await api.client.list(events, { namespace: 'default', fieldSelector })
    if (isWanted(items)) return items
    if (Date.now() > end) throw new Error(`not told of ${name}: ${JSON.stringify(items)}`)
    await new Promise(resolve => setTimeout(resolve, 50))
  }
}

test('what happens twice to the same version of an object is one event with a series', async t => {
  const recorder = createSeriesRecorder(api.client, 'test.example.com/c', 'c-1')
  recorder.record({ regarding: pod('twice'), ...said })
  const [first] = await told('twice', items => items.length === 1)
  t.is(first.series, undefined)
  recorder.record({ regarding: pod('twice'), ...said, note: 'still not' })
  const [again] = await told('twice', ([event]) => event.series)
  t.is(again.metadata.name, first.metadata.name)
  t.like(again, { note: 'no', series: { count: 2 }, reportingInstance: 'c-1' })
  const later = pod('twice')
  later.metadata.resourceVersion = '2'
  recorder.record({ regarding: later, ...said })
  t.is((await told('twice', items => items.length === 2)).length, 2)
})

test('a series whose event is gone is told by a new one', async t => {
  const recorder = createSeriesRecorder(api.client, 'test.example.com/c', 'c-1')
  recorder.record({ regarding: pod('gone'), ...said })
  const [first] = await told('gone', items => items.length === 1)
  await api.client.delete(events, first.metadata)
  recorder.record({ regarding: pod('gone'), ...said })
  const [again] = await told('gone', items => items.length === 1)
  t.like(again, { metadata: { name: first.metadata.name }, series: { count: 2 } })
})
