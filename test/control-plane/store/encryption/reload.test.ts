import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { Redis } from 'ioredis'
import { Registry } from 'prom-client'
import { stringify } from 'yaml'
import { encryptingStore } from '../../../../control-plane/store/encryption/encrypting-store.ts'
import { KMS_TIMES } from '../../../../control-plane/store/encryption/kms/kms-provider.ts'
import { EncryptionMetrics } from '../../../../control-plane/store/encryption/metrics.ts'
import { FileEncryption } from '../../../../control-plane/store/encryption/reload.ts'
import { openStore } from '../../../../control-plane/store/redis-store.ts'
import { startTestApiServer } from '../../../helpers/api-server.ts'
import { startKms } from '../../../helpers/kms-server.ts'
import { quietLog } from '../../../helpers/log.ts'
import { startRedis } from '../../../helpers/redis.ts'

const SECRET = Buffer.alloc(32, 7).toString('base64')
const KEYS = { keys: [{ name: 'key1', secret: SECRET }] }
const SECRETS = '/api/v1/namespaces/default/secrets'
const secret = (name: string) => ({
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: { name },
  stringData: { word: 'sesame' },
})

/** An API server over a store that a file says how to encrypt. */
async function start(t: ExecutionContext, ...providers: object[]) {
  const dir = await mkdtemp(join(tmpdir(), 'skiff-reload-'))
  const file = join(dir, 'encryption.yaml')
  /** All at once: who looks meanwhile does not find half of it. */
  const write = async (...providers: object[]) => {
    await writeFile(`${file}.new`, configuration(providers))
    await rename(`${file}.new`, file)
  }
  await write(...providers)
  const redis = await startRedis()
  const plain = await openStore({ url: redis.url, log: quietLog })
  const raw = new Redis({ path: redis.url.replace('unix://', '') })
  const registry = new Registry()
  const metrics = new EncryptionMetrics(registry)
  const kmsTimes = { ...KMS_TIMES, well: 50, unwell: 50, answerWell: 0, answerUnwell: 0, start: 300 }
  const options = { file, reload: true, interval: 20, metrics, log: quietLog, kmsTimes }
  const encryption = await FileEncryption.open(options)
  const store = encryptingStore(plain, encryption, metrics)
  const checks = [{ name: 'kms-providers', check: () => encryption.check() }]
  const api = await startTestApiServer({ store, registry, checks })
  t.teardown(async () => {
    await api.stop()
    encryption.close()
    raw.disconnect()
    await plain.close()
    await redis.remove()
    await rm(dir, { recursive: true })
  })
  const stored = async (name: string) => (await raw.hget('{secrets}:obj', `default/${name}`)) ?? ''
  const metric = async (pattern: RegExp) => pattern.exec((await api.raw('/metrics')).text)?.[1]
  return { api, file, write, stored, metric }
}

function configuration(providers: object[]): string {
  const resources = [{ resources: ['secrets'], providers }]
  return stringify({ apiVersion: 'apiserver.config.k8s.io/v1', kind: 'EncryptionConfiguration', resources })
}

async function eventually(holds: () => Promise<boolean>): Promise<void> {
  for (const end = Date.now() + 120_000; !(await holds()); ) {
    if (Date.now() > end) throw new Error('it did not become so within two minutes')
    await new Promise(resolve => setTimeout(resolve, 20))
  }
}

const RELOADS = (status: string) =>
  new RegExp(
    `^apiserver_encryption_config_controller_automatic_reloads_total\\{.*status="${status}"\\} (\\d+)`,
    'm',
  )
const HASH = /^apiserver_encryption_config_controller_last_config_info\{.*hash="([^"]+)"\} 1/m

test('a changed file is taken over while requests go on; one that is wrong is not', async t => {
  const { api, file, write, stored, metric } = await start(t, { identity: {} })
  await api.raw(SECRETS, { body: secret('plain') })
  t.true((await stored('plain')).startsWith('{'))
  const before = await metric(HASH)
  t.regex(before!, /^k8s:encryption:unstable:1:[0-9a-f]{64}$/)

  await write({ aesgcm: KEYS }, { identity: {} })
  await eventually(async () => (await metric(RELOADS('success'))) === '1')
  t.not(await metric(HASH), before)
  await api.raw(SECRETS, { body: secret('hidden') })
  t.true((await stored('hidden')).startsWith('k8s:enc:aesgcm:v1:key1:'))
  const read = await api.raw(`${SECRETS}/plain`)
  t.is(read.body.data.word, 'c2VzYW1l')
  t.is((await api.raw(`${SECRETS}/plain`, { method: 'PUT', body: read.body })).status, 200)
  t.true((await stored('plain')).startsWith('k8s:enc:aesgcm:v1:key1:'), 'what changes nothing rewrites it')

  const taken = await metric(HASH)
  await writeFile(file, 'resources: [')
  await eventually(async () => Number(await metric(RELOADS('failure'))) >= 1)
  t.is(await metric(HASH), taken)
  t.is((await api.raw(`${SECRETS}/plain`)).status, 200)
  t.is((await api.raw('/readyz/kms-providers')).status, 200)
})

test('a KMS is taken over when it is well, and is part of the health of the server', async t => {
  const kms = await startKms()
  t.teardown(() => kms.remove())
  kms.status.healthz = 'sealed'
  const vault = { kms: { apiVersion: 'v2', name: 'vault', endpoint: kms.endpoint, timeout: '30s' } }
  const { api, write, stored, metric } = await start(t, { identity: {} })
  await write(vault, { identity: {} })
  await eventually(async () => kms.calls.Status >= 3)
  await api.raw(SECRETS, { body: secret('early') })
  t.true((await stored('early')).startsWith('{'))

  kms.status.healthz = 'ok'
  await eventually(async () => (await metric(RELOADS('success'))) === '1')
  await api.raw(SECRETS, { body: secret('late') })
  t.true((await stored('late')).startsWith('k8s:enc:kms:v2:vault:'))
  t.regex((await api.raw('/readyz?verbose')).text, /\[\+\]kms-providers ok/)

  kms.status.healthz = 'sealed'
  await eventually(async () => (await api.raw('/readyz')).status === 500)
  for (const endpoint of ['healthz', 'livez', 'readyz']) {
    t.regex((await api.raw(`/${endpoint}`)).text, /\[-\]kms-providers failed: reason withheld/)
    const { status, text } = await api.raw(`/${endpoint}/kms-providers`)
    t.is(status, 500)
    t.regex(text, /kmsv2 Provider vault is not healthy, error: got unexpected healthz status: sealed/)
  }
  t.is((await api.raw(`${SECRETS}/late`)).status, 200)
})
