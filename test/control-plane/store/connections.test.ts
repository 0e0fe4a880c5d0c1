import { spawn } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { createAuthority, issueCertificate } from '../../../control-plane/auth/certificates.ts'
import { openStore } from '../../../control-plane/store/redis-store.ts'
import { startTestApiServer } from '../../helpers/api-server.ts'
import { quietLog } from '../../helpers/log.ts'
import { startRedis } from '../../helpers/redis.ts'
import { freePort } from '../../helpers/skiff-process.ts'
import { dataOf, storeDocument } from '../../helpers/store-load.ts'

/** What the store's user must be allowed (docs/store.md). */
const RIGHTS = '~{* +@read +@write +@scripting +@connection +@transaction +info +wait -@dangerous +info'

/** A Redis that speaks TLS only, with one user. */
async function startTlsRedis(t: ExecutionContext) {
  const dir = await mkdtemp(join(tmpdir(), 'skiff-tls-'))
  const port = await freePort()
  const ca = await createAuthority('redis-ca', 1)
  const serving = await issueCertificate({
    ca,
    commonName: 'redis',
    sans: { dns: ['localhost'] },
    usage: 'server',
    days: 1,
  })
  const settings = `
    port 0
    tls-port ${port}
    tls-auth-clients no
    tls-ca-cert-file ${dir}/ca.crt
    tls-cert-file ${dir}/tls.crt
    tls-key-file ${dir}/tls.key
    dir ${dir}
    user default off
    user skiff on ">open sesame" ${RIGHTS}
  `
  const files = {
    'ca.crt': ca.cert,
    'tls.crt': serving.cert,
    'tls.key': serving.key,
    password: 'open sesame\n',
    'redis.conf': settings,
  }
  await Promise.all(Object.entries(files).map(([name, content]) => writeFile(join(dir, name), content)))
  const command = ['--pdeathsig', 'KILL', 'redis-server', join(dir, 'redis.conf')]
  const child = spawn('setpriv', command, { stdio: 'ignore' })
  t.teardown(async () => {
    child.kill('SIGKILL')
    await rm(dir, { recursive: true, force: true })
  })
  return { dir, url: `rediss://skiff@localhost:${port}?passwordFile=${dir}/password` }
}

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
