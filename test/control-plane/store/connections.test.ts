import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { createAuthority, issueCertificate } from '../../../control-plane/auth/certificates.ts'
import { openStore } from '../../../control-plane/store/redis-store.ts'
import type { StorePlugin } from '../../../plugins/store.ts'
import { startTestApiServer } from '../../helpers/api-server.ts'
import { quietLog } from '../../helpers/log.ts'
import { freePort } from '../../helpers/ports.ts'
import { startRedis } from '../../helpers/redis.ts'
import {
  type Manners,
  type RedisGroup,
  startCluster,
  startSentinelGroup,
} from '../../helpers/redis-groups.ts'
import { dataOf, storeDocument } from '../../helpers/store-load.ts'

/** What the store's user must be allowed. */
const page = readFileSync(new URL('../../../docs/store.md', import.meta.url), 'utf8')
const RIGHTS = /user skiff on >PASSWORD (.*)/.exec(page)![1]!

/** Certificates of a Redis on `localhost`, and the password of its user. */
async function writeSecrets(dir: string): Promise<Record<string, string>> {
  const ca = await createAuthority('redis-ca', 1)
  const serving = await issueCertificate({
    ca,
    commonName: 'redis',
    sans: { dns: ['localhost'] },
    usage: 'server',
    days: 1,
  })
  // Members of a cluster show one to each other.
  const own = await issueCertificate({ ca, commonName: 'redis', usage: 'client', days: 1 })
  const files = {
    'ca.crt': ca.cert,
    'tls.crt': serving.cert,
    'tls.key': serving.key,
    'client.crt': own.cert,
    'client.key': own.key,
    password: 'open sesame\n',
    'sentinel-password': 'guard\n',
  }
  await Promise.all(Object.entries(files).map(([name, content]) => writeFile(join(dir, name), content)))
  return {
    'tls-auth-clients': 'no',
    'tls-ca-cert-file': `${dir}/ca.crt`,
    'tls-cert-file': `${dir}/tls.crt`,
    'tls-key-file': `${dir}/tls.key`,
    'tls-client-cert-file': `${dir}/client.crt`,
    'tls-client-key-file': `${dir}/client.key`,
  }
}

/** A Redis that speaks TLS only, with one user. */
async function startTlsRedis(t: ExecutionContext) {
  const dir = await mkdtemp(join(tmpdir(), 'skiff-tls-'))
  const port = await freePort()
  const tls = await writeSecrets(dir)
  const users = { 'user default': 'off', 'user skiff': `on ">open sesame" ${RIGHTS}` }
  const settings = { port: '0', 'tls-port': String(port), ...tls, dir, ...users }
  await writeFile(join(dir, 'redis.conf'), configOf(settings))
  const command = ['--pdeathsig', 'KILL', 'redis-server', join(dir, 'redis.conf')]
  const child = spawn('setpriv', command, { stdio: 'ignore' })
  t.teardown(async () => {
    child.kill('SIGKILL')
    await rm(dir, { recursive: true, force: true })
  })
  return { dir, url: `rediss://skiff@localhost:${port}?passwordFile=${dir}/password` }
}

const configOf = (settings: Record<string, string>): string =>
  Object.entries(settings)
    .map(entry => `${entry.join(' ')}\n`)
    .join('')

/** A group whose members speak TLS only, to an administrator and to the store's user. */
async function secureGroup(t: ExecutionContext, start: (manners: Manners) => Promise<RedisGroup>) {
  const dir = await mkdtemp(join(tmpdir(), 'skiff-tls-'))
  const tls = { ...(await writeSecrets(dir)), 'tls-replication': 'yes' }
  const cli = ['--tls', '--cacert', `${dir}/ca.crt`, '-h', 'localhost', '--no-auth-warning', '-a']
  const group = await start({
    settings: {
      ...tls,
      'tls-cluster': 'yes',
      requirepass: 'admin',
      masterauth: 'admin',
      'user skiff': `on ">open sesame" ${RIGHTS}`,
    },
    sentinelSettings: {
      ...tls,
      'sentinel auth-pass lab': 'admin',
      requirepass: 'guard',
      'sentinel sentinel-pass': 'guard',
    },
    cli: [...cli, 'admin'],
    sentinelCli: [...cli, 'guard'],
  })
  t.teardown(async () => {
    await group.remove()
    await rm(dir, { recursive: true, force: true })
  })
  const options = `ca=${dir}/ca.crt&serverName=localhost&username=skiff&passwordFile=${dir}/password`
  return { group, url: `${group.url.replace('redis-', 'rediss-')}&${options}`, dir }
}

/** Each of the store's calls, over an open watch that another type joins. */
async function useStore(t: ExecutionContext, store: StorePlugin): Promise<void> {
  const seen: string[] = []
  const stops: (() => void)[] = []
  const arrived = (count: number) =>
    new Promise<void>(resolve => {
      const look = setInterval(() => {
        if (seen.length < count) return
        clearInterval(look)
        resolve()
      }, 5)
    })
  const follow = async (type: string) => {
    await store.put(type, 'first', 0, storeDocument(type))
    const after = await store.revision(type)
    const stop = store.subscribe(type, after, {
      changes: batch => seen.push(...batch.map(({ key }) => `${type}/${key}`)),
      lost: () => t.fail(),
    })
    stops.push(stop)
    const result = await store.put(type, 'second', 0, storeDocument(type))
    t.true(result.ok)
    return result.ok ? result.revision : 0
  }
  const revision = await follow('pods')
  await arrived(1)
  await follow('secrets')
  await arrived(2)
  t.true((await store.delete('pods', 'second', revision)).ok)
  await arrived(3)
  t.deepEqual(seen, ['pods/second', 'secrets/second', 'pods/second'])
  for (const stop of stops) stop()
  t.is((await store.snapshot('pods')).documents.length, 1)
  t.is((await store.log('pods', revision - 1, 9)).length, 2)
  t.deepEqual([...(await store.types!()).keys()].sort(), ['pods', 'secrets'])
  await store.drop('secrets')
  t.is(await store.get('secrets', 'first'), undefined)
}

test('a cluster is used over TLS by a user who has no more rights than docs/store.md gives', async t => {
  const { url } = await secureGroup(t, startCluster)
  const store = await openStore({ url, log: quietLog })
  t.teardown(() => store.close())
  await useStore(t, store)
})

test('so is a group with sentinels, which ask for a password of their own, over a fail-over', async t => {
  t.timeout(300_000)
  const { url, dir, group } = await secureGroup(t, startSentinelGroup)
  const store = await openStore({
    url: `${url}&sentinelPasswordFile=${dir}/sentinel-password`,
    log: quietLog,
  })
  t.teardown(() => store.close())
  await useStore(t, store)
  const master = await group.master('')
  await master.kill()
  master.start()
  for (;;) {
    const result = await store.put('pods', 'after', 0, storeDocument('after')).catch(() => undefined)
    if (result) break
  }
  t.is(dataOf((await store.get('pods', 'after'))!.bytes), 'after')
})

test('over TLS, as an ACL user with a password from a file, all calls work', async t => {
  const { dir, url } = await startTlsRedis(t)
  const store = await openStore({ url: `${url}&ca=${dir}/ca.crt`, log: quietLog })
  t.teardown(() => store.close())
  const seen: unknown[] = []
  const delivered = new Promise<void>(resolve => {
    store.subscribe('pods', 1, {
      changes(batch) {
        seen.push(...batch.map(({ bytes }) => dataOf(bytes)))
        if (seen.length === 2) resolve()
      },
      lost: () => t.fail(),
    })
  })
  await store.put('pods', 'a', 0, storeDocument('over TLS'))
  await store.delete('pods', 'a', 2)
  await delivered
  t.deepEqual(seen, ['over TLS', 'over TLS'])
  t.deepEqual(await store.types!(), new Map([['pods', 3]]))
})

test('a Redis whose certificate is of another authority is not spoken to', async t => {
  const { url } = await startTlsRedis(t)
  const error = await t.throwsAsync(openStore({ url, log: quietLog }), { code: 'unavailable' })
  t.regex(error.message, /certificate/)
})

test('a wrong password is said to be wrong', async t => {
  const { dir, url } = await startTlsRedis(t)
  await writeFile(join(dir, 'password'), 'guess')
  const error = await t.throwsAsync(openStore({ url: `${url}&ca=${dir}/ca.crt`, log: quietLog }), {
    code: 'unavailable',
  })
  t.regex(error.message, /WRONGPASS/)
})

test('while Redis is away requests end with 503 and Retry-After, and go on when it is back', async t => {
  const api = await startTestApiServer()
  t.teardown(() => api.stop())
  const path = '/api/v1/namespaces/default/configmaps'
  const body = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'late' } }
  t.is((await api.raw(path)).status, 200)
  await api.redis.kill()
  const [write, read] = await Promise.all([api.raw(path, { body }), api.raw(path)])
  for (const answer of [write, read]) {
    t.is(answer.status, 503, answer.text)
    t.is(answer.headers['retry-after'], '1')
    t.is(answer.body.reason, 'ServiceUnavailable')
  }
  const pending = api.raw(path, { body })
  api.redis.start()
  t.is((await pending).status, 201)
  t.is((await api.raw('/readyz')).status, 200)
})

test('a Redis that keeps nothing on disk is told of', async t => {
  const dir = await mkdtemp(join(tmpdir(), 'skiff-forgetful-'))
  const socket = join(dir, 'redis.sock')
  const command = ['redis-server', '--port', '0', '--unixsocket', socket, '--dir', dir, '--appendonly', 'no']
  const forgetful = spawn('setpriv', ['--pdeathsig', 'KILL', ...command], { stdio: 'ignore' })
  const durable = await startRedis()
  t.teardown(async () => {
    forgetful.kill('SIGKILL')
    await durable.remove()
    await rm(dir, { recursive: true })
  })
  const warningsOf = async (url: string) => {
    const warnings: string[] = []
    const log = { ...quietLog, warn: (_: object, message: string) => void warnings.push(message) }
    await (await openStore({ url, log })).close()
    return warnings
  }
  t.deepEqual(await warningsOf(`unix://${socket}`), [
    'Redis has no append-only file: what it answered is lost when it ends (docs/store.md)',
  ])
  t.deepEqual(await warningsOf(durable.url), [])
})

test('a Redis that starts later than the store is waited for', async t => {
  const redis = await startRedis()
  await redis.kill()
  t.teardown(() => redis.remove())
  const opening = openStore({ url: redis.url, log: quietLog })
  redis.start()
  const store = await opening
  await t.notThrowsAsync(store.ping())
  await store.close()
})
