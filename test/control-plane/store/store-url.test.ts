import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'ava'
import { storeTarget, withoutPassword } from '../../../control-plane/store/store-url.ts'

const dir = mkdtempSync(join(tmpdir(), 'skiff-url-'))
writeFileSync(join(dir, 'password'), 'sesame\n')
writeFileSync(join(dir, 'ca.crt'), 'CERTIFICATE')
test.after.always(() => rmSync(dir, { recursive: true }))

test('a redis:// URL names user, password, host, port and database', t => {
  t.deepEqual(storeTarget('redis://skiff:p%40ss@db.example:7000/3').redis, {
    username: 'skiff',
    password: 'p@ss',
    host: 'db.example',
    port: 7000,
    db: 3,
  })
  t.deepEqual(storeTarget('redis://[::1]').redis, { host: '::1', port: 6379, db: 0 })
})

test('a socket is named by unix:// or by its path', t => {
  t.deepEqual(storeTarget('/run/redis.sock').redis, { path: '/run/redis.sock' })
  t.deepEqual(storeTarget('unix:///run/my%20redis.sock').redis, { path: '/run/my redis.sock' })
})

test('rediss:// speaks TLS with the named CA, and a password can come from a file', t => {
  const { redis } = storeTarget(`rediss://skiff@db:6380?ca=${dir}/ca.crt&passwordFile=${dir}/password`)
  t.is(redis.password, 'sesame')
  t.is(redis.username, 'skiff')
  t.deepEqual(redis.tls, { ca: Buffer.from('CERTIFICATE'), servername: 'db' })
})

test('redis-sentinel:// names sentinels, the master and the replicas to wait for', t => {
  const target = storeTarget('redis-sentinel://a:1,b,[::1]:3/main/2?replicas=1')
  t.is(target.mode, 'sentinel')
  t.is(target.replicas, 1)
  t.is(target.redis.name, 'main')
  t.is(target.redis.db, 2)
  t.deepEqual(target.redis.sentinels, [
    { host: 'a', port: 1 },
    { host: 'b', port: 26_379 },
    { host: '::1', port: 3 },
  ])
})

test('redis-cluster:// names members of a cluster', t => {
  const target = storeTarget('redis-cluster://:secret@a:7001,b:7002')
  t.deepEqual(target.seeds, [
    { host: 'a', port: 7001 },
    { host: 'b', port: 7002 },
  ])
  t.deepEqual(target.redis, { password: 'secret' })
})

test('an error about a URL never shows its password', t => {
  t.is(withoutPassword('redis://u:secret@h'), 'redis://u:…@h')
  const error = t.throws(() => storeTarget('redis://u:secret@h:99999'))
  t.false(error.message.includes('secret'))
})

const wrong: [url: string, message: RegExp][] = [
  ['etcd://localhost', /unknown scheme etcd:\/\/, expected redis:\/\//],
  ['localhost:6379', /expected redis:\/\//],
  ['redis://', /"" is not a host, expected redis:\/\/\[USER:PASSWORD@\]HOST/],
  ['redis://h:99999', /port 99999: expected 1 to 65535/],
  ['redis://h/zero', /database "zero": expected a whole number/],
  ['redis://a,b', /several hosts/],
  ['redis://h/0/1', /expected redis:\/\/\[USER/],
  ['redis-sentinel://h', /expected redis-sentinel:\/\/.*\/MASTER/],
  ['redis-cluster://h/1', /expected redis-cluster:\/\/HOST/],
  ['unix://relative/path', /expected unix:\/\/\/absolute/],
  ['redis://h?ca=/x', /unknown parameter "ca", expected one of replicas, username, passwordFile/],
  ['redis://h?replicas=all', /replicas=all: expected a whole number/],
  ['rediss://h?ca=/not/there', /ca=\/not\/there: ENOENT/],
  ['redis://u:%zz@h', /% that is not followed by two hexadecimal digits/],
  [`redis://u:p@h?passwordFile=${dir}/password`, /has a password and passwordFile/],
]
for (const [url, message] of wrong) {
  test(`says what is wrong with the URL ${url}`.replace(dir, 'DIR'), t => {
    const error = t.throws(() => storeTarget(url), { code: 'STORE_URL_INVALID', message })
    t.true(error.message.includes('store URL "'))
  })
}
