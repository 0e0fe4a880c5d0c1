import { chmod, mkdtemp, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { loadKubeconfig } from '../../api/client/kubeconfig.ts'
import { createClient } from '../../api/client/rest-client.ts'
import { configMaps } from '../../api/kinds/core.ts'
import { freePort } from '../helpers/ports.ts'
import { skiff, skiffAs, startServerProcess } from '../helpers/skiff-process.ts'

async function temporaryDir(t: ExecutionContext): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'skiff-start-'))
  t.teardown(() => rm(dir, { recursive: true, force: true }))
  return dir
}

const START = ['server', '--only', 'apiserver', '--bind', '127.0.0.1']

test('a server says in one line that it is ready, for whoever has the kubeconfig of system:masters', async t => {
  const data = join(await temporaryDir(t), 'data')
  const port = await freePort()
  const server = await startServerProcess(data, port)
  t.teardown(() => server.stop())
  t.is(
    server.stdout(),
    `API server ready at https://127.0.0.1:${port} (kubeconfig: ${join(data, 'admin.kubeconfig')})\n`,
  )
  for (const file of ['admin.kubeconfig', 'pki/ca.key', 'pki/sa.key', 'pki/admin.key', 'redis/redis.conf']) {
    t.is((await stat(join(data, file))).mode & 0o777, 0o600, file)
  }
  t.is((await stat(data)).mode & 0o777, 0o700)
  const client = createClient(await loadKubeconfig(server.kubeconfig))
  const path = '/apis/authentication.k8s.io/v1/selfsubjectreviews'
  const review: any = await client.request('POST', path, { kind: 'SelfSubjectReview' })
  t.deepEqual(review.status.userInfo.groups, ['system:masters', 'system:authenticated'])
  client.close()
})

for (const signal of ['SIGTERM', 'SIGINT', 'SIGKILL'] as const) {
  test(`after ${signal} a server starts again on the same directory, port and certificates`, async t => {
    const data = await temporaryDir(t)
    const port = await freePort()
    let server = await startServerProcess(data, port)
    t.teardown(() => server.stop())
    const ca = await readFile(join(data, 'pki/ca.crt'), 'utf8')
    const client = createClient(await loadKubeconfig(server.kubeconfig))
    const metadata = { name: 'kept', namespace: 'default' }
    await client.create(configMaps, { apiVersion: 'v1', kind: 'ConfigMap', metadata })
    await server.stop(signal)
    if (signal !== 'SIGKILL') t.is(server.process.exitCode, 0)
    server = await startServerProcess(data, port)
    t.is(await readFile(join(data, 'pki/ca.crt'), 'utf8'), ca)
    t.is((await client.get(configMaps, metadata)).metadata.name, 'kept')
    client.close()
  })
}

test('a data directory is used by one server at a time, by whatever name, and a port as well', async t => {
  const dir = await temporaryDir(t)
  const [data, link] = [join(dir, 'data'), join(dir, 'link')]
  const port = await freePort()
  const server = await startServerProcess(data, port)
  t.teardown(() => server.stop())
  await symlink(data, link)
  for (const name of [data, link]) {
    const { code, stderr } = await skiff(...START, '--data', name, '--port', '0')
    t.is(code, 1)
    t.is(stderr, `error: ${name} is in use by another skiff server\nStop that one, or give another --data.\n`)
  }
  const second = await skiff(...START, '--data', join(dir, 'other'), '--port', String(port))
  t.is(second.code, 1)
  t.regex(second.stderr, new RegExp(`^error: port ${port} on 127.0.0.1 is in use\n`))
})

test('a data directory that cannot be used is said to be so at once', async t => {
  const dir = await temporaryDir(t)
  const file = join(dir, 'file')
  await writeFile(file, '')
  for (const data of [file, join(file, 'sub'), '/proc/skiff']) {
    const { code, stderr } = await skiff(...START, '--data', data, '--port', '0')
    t.is(code, 1, data)
    t.true(stderr.startsWith(`error: --data ${data}: E`), stderr)
    t.regex(stderr, /\nGive a directory this user may write to\.\n$/)
  }
  const long = join(dir, 'x'.repeat(120))
  t.regex((await skiff(...START, '--data', long, '--port', '0')).stderr, /use a shorter data directory\n/)
})

test('without redis-server the package that has it is named, and nothing is begun', async t => {
  const dir = await temporaryDir(t)
  const data = join(dir, 'data')
  const { code, stderr } = await skiffAs(
    { PATH: dirname(process.execPath) },
    ...START,
    '--data',
    data,
    '--port',
    '0',
  )
  t.is(code, 1)
  t.is(
    stderr,
    'error: redis-server is not on the PATH: install it (apt-get install redis-server)\nOr name a Redis that runs elsewhere: --store URL.\n',
  )
})

test('certificates that are damaged are named', async t => {
  const data = await temporaryDir(t)
  await chmod(data, 0o755)
  const server = await startServerProcess(data, await freePort())
  await server.stop()
  await writeFile(join(data, 'pki/ca.crt'), 'junk')
  const { code, stderr } = await skiff(...START, '--data', data, '--port', '0')
  t.is(code, 1)
  t.regex(stderr, /error: \S+pki\/ca\.crt is damaged/)
})
