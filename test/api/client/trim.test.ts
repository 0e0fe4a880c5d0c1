import test from 'ava'
import { parseTrimmed } from '../../../api/client/trim.ts'

const event = (metadata: string, spec = '{}') =>
  Buffer.from(
    `{"type":"MODIFIED","object":{"apiVersion":"v1","kind":"Pod","metadata":{${metadata}},"spec":${spec}}}`,
  )

const MANAGED = '"managedFields":[{"manager":"],\\"name\\":\\"","fieldsV1":{"f:a":{}}},{"manager":"b"}]'

test('managedFields are left out where our server puts them', t => {
  const { object } = parseTrimmed(event(`"resourceVersion":"7",${MANAGED},"name":"ü","labels":{"a":"b"}`))
  t.deepEqual(object.metadata as unknown, { resourceVersion: '7', name: 'ü', labels: { a: 'b' } })
})

test('managedFields are left out where another server puts them', t => {
  const { object } = parseTrimmed(event(`"name":"x","resourceVersion":"7",${MANAGED}`))
  t.deepEqual(object.metadata as unknown, { name: 'x', resourceVersion: '7' })
})

test('what a template says of managedFields stays', t => {
  const template = `{"metadata":{"resourceVersion":"1",${MANAGED},"name":"y"}}`
  const { object } = parseTrimmed<any>(event('"resourceVersion":"7","name":"x"', template))
  t.is(object.spec.metadata.managedFields.length, 2)
})

test('events without metadata are parsed as they are', t => {
  const line = Buffer.from('{"type":"ERROR","object":{"kind":"Status","code":410}}')
  t.is(parseTrimmed<any>(line).object.code, 410)
})
