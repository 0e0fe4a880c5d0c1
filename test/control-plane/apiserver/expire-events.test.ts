import test from 'ava'
import { startTestApiServer } from '../../helpers/api-server.ts'

test('Events go away when they were last written longer ago than --event-ttl, and watchers see them go', async t => {
  const api = await startTestApiServer({ eventTtl: 1_500 })
  t.teardown(() => api.stop())
  const event = (name: string) => ({
    apiVersion: 'v1',
    kind: 'Event',
    metadata: { name, namespace: 'default' },
    involvedObject: { kind: 'Pod', name: 'p', namespace: 'default' },
    reason: 'Tested',
    lastTimestamp: new Date().toISOString(),
  })
  const path = '/api/v1/namespaces/default/events'
  // The watch comes first: to it the Event is new, however long it takes to begin.
  const watch = await api.open(`${path}?watch=true&fieldSelector=metadata.name=old`)
  t.is((await api.raw(path, { body: event('old') })).status, 201)
  const seen: string[] = []
  for await (const chunk of watch) {
    for (const line of chunk.toString().split('\n').filter(Boolean)) seen.push(JSON.parse(line).type)
    if (seen.includes('DELETED')) break
  }
  watch.destroy()
  t.deepEqual(seen, ['ADDED', 'DELETED'])
  t.is((await api.raw(`${path}/old`)).status, 404)
})
