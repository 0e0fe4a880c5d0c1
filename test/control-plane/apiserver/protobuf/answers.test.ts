import { buffer } from 'node:stream/consumers'
import test from 'ava'
import { loadSchemas } from '../../../../api/schema/schemas.ts'
import { decodeProtobuf } from '../../../../control-plane/apiserver/protobuf/decode.ts'
import { Encoder } from '../../../../control-plane/apiserver/protobuf/encode.ts'
import { Reader } from '../../../../control-plane/apiserver/protobuf/reader.ts'
import { startTestApiServer, type TestApiServer } from '../../../helpers/api-server.ts'

const PROTOBUF = 'application/vnd.kubernetes.protobuf'
const CONFIG_MAPS = '/api/v1/namespaces/default/configmaps'
const schemas = loadSchemas()
let api: TestApiServer

test.before(async () => {
  api = await startTestApiServer()
})
test.after.always(() => api.stop())

/** Message and type of an envelope. */
function open(envelope: Buffer): { apiVersion: string; kind: string; raw: Buffer } {
  const found = { apiVersion: '', kind: '', raw: Buffer.alloc(0) as Buffer }
  const reader = new Reader(envelope.subarray(4))
  while (!reader.isAtEnd) {
    const { number } = reader.tag()
    const content = reader.bytes()
    if (number === 2) found.raw = content
    else {
      const type = new Reader(content)
      while (!type.isAtEnd) {
        if (type.tag().number === 1) found.apiVersion = type.string()
        else found.kind = type.string()
      }
    }
  }
  return found
}

/** The byte fields of a message by their numbers. */
function fieldsOf(message: Buffer): Map<number, Buffer[]> {
  const fields = new Map<number, Buffer[]>()
  const reader = new Reader(message)
  while (!reader.isAtEnd) {
    const { number, wireType } = reader.tag()
    if (wireType === 2) fields.set(number, [...(fields.get(number) ?? []), reader.bytes()])
    else reader.skip(wireType)
  }
  return fields
}

async function ask(path: string, accept = PROTOBUF): Promise<{ type: string; status: number; body: Buffer }> {
  const response = await api.open(path, { headers: { accept } })
  const type = response.headers['content-type']!
  return { type, status: response.statusCode!, body: await buffer(response) }
}

const configMap = (name: string) => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name },
  data: { a: 'b' },
})

test('an object sent in protobuf is stored, and answered in protobuf', async t => {
  const body = new Encoder(schemas).object(configMap('sent'))!
  const headers = { accept: PROTOBUF, 'content-type': PROTOBUF }
  const created = await api.open(CONFIG_MAPS, { method: 'POST', body, headers })
  t.is(created.statusCode, 201)
  t.is(created.headers['content-type'], PROTOBUF)
  const object = decodeProtobuf(schemas, await buffer(created))
  const asJson = await api.raw(`${CONFIG_MAPS}/sent`)
  t.deepEqual(object, asJson.body)
})

test('a list is one message with its items', async t => {
  await api.raw(CONFIG_MAPS, { body: configMap('listed') })
  const { type, body } = await ask(`${CONFIG_MAPS}?fieldSelector=metadata.name=listed`)
  t.is(type, PROTOBUF)
  const { apiVersion, kind, raw } = open(body)
  t.is(`${apiVersion} ${kind}`, 'v1 ConfigMapList')
  const fields = fieldsOf(raw)
  t.is(fields.get(2)!.length, 1)
  const version = fieldsOf(fields.get(1)![0]!).get(2)![0]!.toString()
  t.regex(version, /^\d+$/)
})

test('metadata alone is sent in protobuf', async t => {
  await api.raw(CONFIG_MAPS, { body: configMap('partial') })
  const accept = `${PROTOBUF};as=PartialObjectMetadata;g=meta.k8s.io;v=v1`
  const one = open((await ask(`${CONFIG_MAPS}/partial`, accept)).body)
  t.is(`${one.apiVersion} ${one.kind}`, 'meta.k8s.io/v1 PartialObjectMetadata')
  t.deepEqual([...fieldsOf(one.raw).keys()], [1])
  const listAccept = `${PROTOBUF};as=PartialObjectMetadataList;g=meta.k8s.io;v=v1`
  const list = open((await ask(CONFIG_MAPS, listAccept)).body)
  t.is(list.kind, 'PartialObjectMetadataList')
  for (const item of fieldsOf(list.raw).get(2)!) t.deepEqual([...fieldsOf(item).keys()], [1])
})

test('a watch is a stream of frames, each with its length before it', async t => {
  const { body: now } = await api.raw(CONFIG_MAPS)
  const query = `?watch=1&resourceVersion=${now.metadata.resourceVersion}`
  const response = await api.open(CONFIG_MAPS + query, { headers: { accept: PROTOBUF } })
  t.is(response.headers['content-type'], `${PROTOBUF};stream=watch`)
  await api.raw(CONFIG_MAPS, { body: configMap('watched') })
  await api.raw(`${CONFIG_MAPS}/watched`, { method: 'DELETE' })
  let received = Buffer.alloc(0)
  const events: { type: string; object: any }[] = []
  for await (const chunk of response) {
    received = Buffer.concat([received, chunk])
    while (received.length >= 4 && received.length >= 4 + received.readUInt32BE()) {
      const end = 4 + received.readUInt32BE()
      const event = fieldsOf(received.subarray(4, end))
      const enclosed = fieldsOf(event.get(2)![0]!).get(1)![0]!
      events.push({ type: event.get(1)![0]!.toString(), object: decodeProtobuf(schemas, enclosed) })
      received = received.subarray(end)
    }
    if (events.filter(({ object }) => object.metadata.name === 'watched').length === 2) break
  }
  const types = events.filter(({ object }) => object.metadata.name === 'watched').map(({ type }) => type)
  t.deepEqual(types, ['ADDED', 'DELETED'])
})

test('an error is a Status in protobuf', async t => {
  const { status, type, body } = await ask(`${CONFIG_MAPS}/missing`)
  t.is(status, 404)
  t.is(type, PROTOBUF)
  const { kind, raw } = open(body)
  t.is(kind, 'Status')
  const fields = fieldsOf(raw)
  t.is(fields.get(3)![0]!.toString(), 'configmaps "missing" not found')
  t.is(fields.get(4)![0]!.toString(), 'NotFound')
})

test('what has no form in protobuf is sent in JSON to who takes that too', async t => {
  const { type, body } = await ask('/api/v1', `${PROTOBUF}, */*`)
  t.is(type, 'application/json')
  t.is(JSON.parse(body.toString()).kind, 'APIResourceList')
  const table = await ask(CONFIG_MAPS, `${PROTOBUF};as=Table;g=meta.k8s.io;v=v1, application/json`)
  t.is(table.type, 'application/json')
})
