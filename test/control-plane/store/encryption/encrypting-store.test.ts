import { randomBytes } from 'node:crypto'
import test from 'ava'
import { Redis } from 'ioredis'
import { encryptingStore } from '../../../../control-plane/store/encryption/encrypting-store.ts'
import type { Encryption } from '../../../../control-plane/store/encryption/encryption.ts'
import {
  aescbc,
  aesgcm,
  identity,
  secretbox,
  type Transformer,
} from '../../../../control-plane/store/encryption/transformers.ts'
import { openStore } from '../../../../control-plane/store/redis-store.ts'
import type { Change } from '../../../../plugins/store.ts'
import { startTestApiServer, takeEvents } from '../../../helpers/api-server.ts'
import { quietLog } from '../../../helpers/log.ts'
import { startRedis } from '../../../helpers/redis.ts'
import { dataOf, storeDocument } from '../../../helpers/store-load.ts'

const redis = await startRedis()
const plain = await openStore({ url: redis.url, log: quietLog })
const raw = new Redis({ path: redis.url.replace('unix://', '') })
test.after.always(async () => {
  raw.disconnect()
  await plain.close()
  await redis.remove()
})

const key = (name: string) => ({ name, secret: randomBytes(32) })
const first = key('first')
const second = key('second')
const rules = (...transformers: Transformer[]): Encryption => ({ transformersOf: () => transformers })
/** Secrets are encrypted, nothing else. */
const secrets = (...transformers: Transformer[]): Encryption => ({
  transformersOf: type => (type === 'secrets' ? transformers : [identity]),
})

/** All that Redis holds of a type. */
async function bytesOf(type: string): Promise<string> {
  const [documents, log] = await Promise.all([
    raw.hgetallBuffer(`{${type}}:obj`),
    raw.xrangeBuffer(`{${type}}:log`, '-', '+'),
  ])
  const values = [...Object.values(documents), ...log.flatMap(([, fields]) => fields)]
  return Buffer.concat(values as Buffer[]).toString('latin1')
}

for (const [name, make] of Object.entries({ aesgcm, aescbc, secretbox })) {
  test(`what is stored shows nothing of a document, every call shows all of it: ${name}`, async t => {
    const store = encryptingStore(plain, rules(make(first)))
    const type = `secrets-${name}`
    const seen: Change[] = []
    const stop = store.subscribe(type, 1, { changes: batch => seen.push(...batch), lost: () => t.fail() })
    const created = await store.put(type, 'ns/a', 0, storeDocument('sesame'))
    t.is(created.ok && dataOf(created.bytes), 'sesame')
    const conflict = await store.put(type, 'ns/a', 0, storeDocument('other'))
    t.is(!conflict.ok && dataOf(conflict.current!.bytes), 'sesame')
    await store.put(type, 'ns/a', 2, storeDocument('sesame 2'))
    t.is(dataOf((await store.get(type, 'ns/a'))!.bytes), 'sesame 2')
    t.is(dataOf((await store.snapshot(type)).documents[0]!.bytes), 'sesame 2')
    const deleted = await store.delete(type, 'ns/a', 3)
    t.is(deleted.ok && dataOf(deleted.bytes), 'sesame 2')
    t.is(deleted.ok && JSON.parse(deleted.bytes.toString()).metadata.resourceVersion, '4')
    t.deepEqual(
      (await store.log(type, 1, 9)).map(({ bytes }) => dataOf(bytes)),
      ['sesame', 'sesame 2', 'sesame 2'],
    )
    while (seen.length < 3) await new Promise(setImmediate)
    stop()
    t.deepEqual(
      seen.map(({ bytes }) => dataOf(bytes)),
      ['sesame', 'sesame 2', 'sesame 2'],
    )
    const stored = await bytesOf(type)
    t.false(stored.includes('sesame'))
    t.true(stored.includes(`k8s:enc:${name}:v1:first:`))
  })
}

test('an old key and what was never encrypted are read, and said to be stale', async t => {
  await plain.put('rotation', 'plain', 0, storeDocument('p'))
  await encryptingStore(plain, rules(aesgcm(first))).put('rotation', 'old', 0, storeDocument('o'))
  const store = encryptingStore(plain, rules(aesgcm(second), aesgcm(first), identity))
  await store.put('rotation', 'new', 0, storeDocument('n'))
  const { documents } = await store.snapshot('rotation')
  const found = documents.map(({ key, bytes, isStale }) => [key, dataOf(bytes), isStale ?? false])
  t.deepEqual(found.sort(), [
    ['new', 'n', false],
    ['old', 'o', true],
    ['plain', 'p', true],
  ])
})

test('a value cannot be read with another key of that name, nor as another document', async t => {
  const store = encryptingStore(plain, rules(aesgcm(first)))
  await store.put('wrong', 'a', 0, storeDocument('x'))
  const impostor = encryptingStore(plain, rules(aesgcm({ ...second, name: 'first' })))
  await t.throwsAsync(impostor.get('wrong', 'a'), {
    code: 'unreadable',
    message:
      /^unable to transform key "wrong\/a": it was made by aesgcm with key first, but the key of that name/,
  })
  const missing = encryptingStore(plain, rules(aesgcm(second)))
  await t.throwsAsync(missing.get('wrong', 'a'), {
    code: 'unreadable',
    message:
      /no matching key was found for the provided AES transformer: it was made by aesgcm with key first/,
  })
  await raw.hset('{wrong}:obj', 'b', (await raw.hgetBuffer('{wrong}:obj', 'a'))!)
  await t.throwsAsync(store.get('wrong', 'b'), { code: 'unreadable' })
})

test('Secrets of the API are stored encrypted, rewritten by an update that changes nothing, and watched in the clear', async t => {
  let store = encryptingStore(plain, secrets(identity))
  const api = await startTestApiServer({ store: proxyOf(() => store) })
  t.teardown(() => api.stop())
  const path = '/api/v1/namespaces/default/secrets'
  const secret = {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 'door' },
    stringData: { word: 'sesame' },
  }
  t.is((await api.raw(path, { body: secret })).status, 201)
  t.true((await bytesOf('secrets')).includes('c2VzYW1l'))

  store = encryptingStore(plain, secrets(aesgcm(first), identity))
  await api.restart()
  const read = await api.raw(`${path}/door`)
  t.is(read.body.data.word, 'c2VzYW1l')
  const written = await api.raw(`${path}/door`, { method: 'PUT', body: read.body })
  t.is(written.status, 200)
  t.not(written.body.metadata.resourceVersion, read.body.metadata.resourceVersion)
  t.regex(
    (await raw.hgetBuffer('{secrets}:obj', 'default/door'))!.toString('latin1'),
    /^k8s:enc:aesgcm:v1:first:/,
  )
  const [event] = await takeEvents(
    await api.open(`${path}?watch=true&resourceVersion=${read.body.metadata.resourceVersion}`),
    1,
  )
  t.is(event!.object.data.word, 'c2VzYW1l')
  const again = await api.raw(`${path}/door`, { method: 'PUT', body: written.body })
  t.is(again.body.metadata.resourceVersion, written.body.metadata.resourceVersion)

  store = encryptingStore(plain, secrets(secretbox(second)))
  await api.restart()
  const refused = await api.raw(`${path}/door`)
  t.is(refused.status, 500)
  t.regex(refused.body.message, /unable to transform key "secrets\/default\/door": no matching prefix found/)
})

/** A store whose calls go to the one that is current when they are made. */
function proxyOf(current: () => typeof plain): typeof plain {
  return new Proxy(plain, {
    get(_target, name) {
      const value = current()[name as keyof typeof plain]
      return typeof value === 'function' ? (value as (...args: unknown[]) => unknown).bind(current()) : value
    },
  })
}
