import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { Redis } from 'ioredis'
import { Registry } from 'prom-client'
import protobuf from 'protobufjs'
import { encryptingStore } from '../../../../../control-plane/store/encryption/encrypting-store.ts'
import {
  KMS_TIMES,
  KmsProvider,
  type KmsTimes,
} from '../../../../../control-plane/store/encryption/kms/kms-provider.ts'
import { EncryptionMetrics } from '../../../../../control-plane/store/encryption/metrics.ts'
import { identity } from '../../../../../control-plane/store/encryption/transformers.ts'
import { openStore } from '../../../../../control-plane/store/redis-store.ts'
import type { StorePlugin } from '../../../../../plugins/store.ts'
import { startKms, type TestKms } from '../../../../helpers/kms-server.ts'
import { quietLog } from '../../../../helpers/log.ts'
import { startRedis } from '../../../../helpers/redis.ts'
import { dataOf, storeDocument } from '../../../../helpers/store-load.ts'

const redis = await startRedis()
const plain = await openStore({ url: redis.url, log: quietLog })
const raw = new Redis({ path: redis.url.replace('unix://', '') })
test.after.always(async () => {
  raw.disconnect()
  await plain.close()
  await redis.remove()
})

/** Everything a hundred times as fast. */
const QUICK: KmsTimes = {
  well: 20,
  unwell: 20,
  write: KMS_TIMES.write,
  answerWell: 0,
  answerUnwell: 0,
  start: 60_000,
}

interface Opened {
  kms: TestKms
  provider: KmsProvider
  store: StorePlugin
  registry: Registry
}

async function open(
  t: ExecutionContext,
  kms: TestKms,
  times: Partial<KmsTimes> = {},
  timeout = 60_000,
): Promise<Opened> {
  const registry = new Registry()
  const metrics = new EncryptionMetrics(registry)
  const config = { type: 'kms', name: 'vault', endpoint: kms.endpoint, timeout } as const
  const provider = new KmsProvider(config, metrics, quietLog, { ...QUICK, ...times })
  t.teardown(() => provider.close())
  await provider.start()
  const encryption = { transformersOf: () => [provider.transformer, identity] }
  return { kms, provider, registry, store: encryptingStore(plain, encryption, metrics) }
}

async function kmsOf(t: ExecutionContext): Promise<TestKms> {
  const kms = await startKms()
  t.teardown(() => kms.remove())
  return kms
}

async function eventually(holds: () => boolean | Promise<boolean>): Promise<void> {
  for (const end = Date.now() + 120_000; !(await holds()); ) {
    if (Date.now() > end) throw new Error('it did not become so within two minutes')
    await new Promise(resolve => setTimeout(resolve, 10))
  }
}

test('one seed of the KMS hides many values, and another server asks for it once', async t => {
  const kms = await kmsOf(t)
  const { store } = await open(t, kms)
  for (let i = 0; i < 50; i++) await store.put('many', `ns/${i}`, 0, storeDocument(`sesame ${i}`))
  t.is(dataOf((await store.get('many', 'ns/7'))!.bytes), 'sesame 7')
  t.deepEqual({ ...kms.calls, Status: 0 }, { Status: 0, Encrypt: 1, Decrypt: 0 })

  const other = await open(t, kms)
  const { documents } = await other.store.snapshot('many')
  t.is(documents.length, 50)
  t.true(documents.every(({ bytes, key }) => dataOf(bytes) === `sesame ${key.slice(3)}`))
  t.deepEqual({ ...kms.calls, Status: 0 }, { Status: 0, Encrypt: 2, Decrypt: 1 })
})

test('what is stored is upstream’s envelope behind upstream’s prefix', async t => {
  const { store } = await open(t, await kmsOf(t))
  await store.put('envelope', 'a', 0, storeDocument('sesame'))
  const bytes = (await raw.hgetBuffer('{envelope}:obj', 'a'))!
  const start = 'k8s:enc:kms:v2:vault:"resourceVersion":"2"'
  t.is(bytes.toString('latin1', 0, start.length), start)
  t.false(bytes.includes('sesame'))
  const { root } = await protobuf.load(join(import.meta.dirname, '../../../../fixtures/kms-v2.proto'))
  const type = root.lookupType('v2.EncryptedObject')
  const object = type.toObject(type.decode(bytes.subarray(start.length)), { enums: String })
  t.is(object.keyID, 'first')
  t.is(object.encryptedDEKSourceType, 'HKDF_SHA256_XNONCE_AES_GCM_SEED')
  t.is(object.annotations['version.kms.test'].toString(), '1')
  t.is(object.encryptedDEKSource.length, 12 + 32 + 16)
})

test('followers who do not have the keys yet get all changes in order, once', async t => {
  const kms = await kmsOf(t)
  const { store } = await open(t, kms)
  const seen: unknown[] = []
  const other = await open(t, kms)
  other.store.subscribe('followed', 1, {
    changes: batch => seen.push(...batch.map(({ bytes }) => dataOf(bytes))),
    lost: () => t.fail(),
  })
  const values = Array.from({ length: 300 }, (_, i) => i)
  await Promise.all(values.map(i => store.put('followed', `ns/${i}`, 0, storeDocument(i))))
  await eventually(() => seen.length === 300)
  t.deepEqual(
    seen,
    (await plain.log('followed', 1, 500)).map(({ key }) => Number(key.slice(3))),
  )
  t.is(kms.calls.Decrypt, 1)
})

test('when the KMS names another key a new seed writes, the old one reads, and what it wrote is stale', async t => {
  const kms = await kmsOf(t)
  const { store, provider } = await open(t, kms)
  await store.put('rotated', 'a', 0, storeDocument('a'))
  kms.status.key_id = 'second'
  await eventually(async () => (await store.snapshot('rotated')).documents[0]!.isStale === true)
  t.is(kms.calls.Encrypt, 2)
  await provider.check()
  await store.put('rotated', 'b', 0, storeDocument('b'))
  const { documents } = await store.snapshot('rotated')
  const found = documents.map(({ key, bytes, isStale }) => [key, dataOf(bytes), isStale ?? false])
  t.deepEqual(found.sort(), [
    ['a', 'a', true],
    ['b', 'b', false],
  ])
})

test('without the KMS reading goes on, and writing for as long as its word holds', async t => {
  const kms = await kmsOf(t)
  const { store, provider } = await open(t, kms, { write: 10_000 }, 2_000)
  await store.put('outage', 'a', 0, storeDocument('a'))
  kms.stop()
  await store.put('outage', 'b', 0, storeDocument('b'))
  await eventually(async () => {
    const written = store.put('outage', 'c', 0, storeDocument('c'))
    return await written.then(
      () => false,
      error =>
        /^encryptedDEKSource with keyID hash "sha256:\w{64}" expired at \d{4}-.*Z \(current/.test(
          error.message,
        ),
    )
  })
  t.is((await store.snapshot('outage')).documents.length >= 2, true)
  await t.throwsAsync(provider.check(), {
    message:
      /^failed to perform status section of the healthz check for KMS Provider vault, error: rpc error/,
  })
  await kms.start()
  await eventually(() =>
    provider.check().then(
      () => true,
      () => false,
    ),
  )
  t.true((await store.put('outage', 'late', 0, storeDocument('late'))).ok)
  t.is(kms.calls.Encrypt, 1, 'the same key needs no new seed')
})

test('a value whose key the KMS cannot open is said to be unreadable; one whose KMS is back is read', async t => {
  const kms = await kmsOf(t)
  await (await open(t, kms)).store.put('unknown', 'a', 0, storeDocument('a'))
  const { store } = await open(t, kms, {}, 2_000)
  kms.stop()
  await t.throwsAsync(store.get('unknown', 'a'), {
    code: 'unreadable',
    message:
      /^unable to transform key "unknown\/a": failed to decrypt DEK, error: rpc error: code = DeadlineExceeded/,
  })
  await kms.start()
  t.is(dataOf((await store.get('unknown', 'a'))!.bytes), 'a')
})

const unwell: [title: string, change: (kms: TestKms) => void, message: RegExp][] = [
  [
    'says so',
    kms => (kms.status.healthz = 'sealed'),
    /is not healthy, error: got unexpected healthz status: sealed$/,
  ],
  [
    'speaks another version',
    kms => (kms.status.version = 'v3'),
    /is not healthy, error: expected KMSv2 API version v2, got v3$/,
  ],
  [
    'changes its version',
    kms => (kms.status.version = 'v2beta1'),
    /should not change after the initial status response version v2, got v2beta1$/,
  ],
  ['names no key', kms => (kms.status.key_id = ''), /got invalid KMSv2 KeyID hash "": keyID is empty$/],
  [
    'names a key too long',
    kms => (kms.status.key_id = 'x'.repeat(1_025)),
    /keyID is 1025 bytes, which exceeds the max size of 1024$/,
  ],
  [
    'encrypts with another key than it names',
    kms => {
      kms.status.key_id = 'new'
      kms.encryptKey = 'other'
    },
    /failed to rotate DEK uid=".*", errGen=<nil>, statusKeyIDHash="sha256:\w+", encryptKeyIDHash="sha256:/,
  ],
  [
    'annotates with what is no domain',
    kms => {
      kms.status.key_id = 'annotated'
      kms.annotations = { simple: Buffer.from('1') }
    },
    /"simple": should be a domain with at least two segments separated by dots/,
  ],
]
for (const [title, change, message] of unwell) {
  test(`a KMS is not well that ${title}; the old key goes on`, async t => {
    const kms = await kmsOf(t)
    const { provider, store } = await open(t, kms)
    await t.notThrowsAsync(provider.check())
    change(kms)
    await eventually(() =>
      provider.check().then(
        () => false,
        () => true,
      ),
    )
    await t.throwsAsync(provider.check(), { message })
    t.true((await store.put(`unwell ${title}`, 'a', 0, storeDocument('a'))).ok)
  })
}

test('calls, keys and misses are counted under upstream’s names', async t => {
  const { store, registry } = await open(t, await kmsOf(t))
  await store.put('counted', 'a', 0, storeDocument('a'))
  await store.get('counted', 'a')
  const text = await registry.metrics()
  for (const expected of [
    /apiserver_envelope_encryption_kms_operations_latency_seconds_count\{provider_name="vault",method_name="encrypt",grpc_status_code="OK"\} 1/,
    /apiserver_envelope_encryption_key_id_hash_total\{.*transformation_type="to_storage",provider_name="vault",key_id_hash="sha256:\w{64}"\} 1/,
    /apiserver_envelope_encryption_key_id_hash_status_last_timestamp_seconds\{.*provider_name="vault"/,
    /apiserver_storage_transformation_operations_total\{resource="counted",transformation_type="from_storage",transformer_prefix="k8s:enc:kms:v2:vault:",status="OK"\} 1/,
    /apiserver_storage_transformation_duration_seconds_count\{transformation_type="to_storage",/,
  ])
    t.regex(text, expected)
})
