import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import test from 'ava'
import { createNamespace, type TestNamespace } from '../helpers/namespaces.ts'

const PROGRAM = fileURLToPath(new URL('../../cni/main.ts', import.meta.url))

let host: TestNamespace
let sandbox: TestNamespace
let dataDir: string

test.beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'skiff-bridge-'))
  host = await createNamespace('host')
  sandbox = await createNamespace('box')
})

test.afterEach.always(async () => {
  await sandbox?.remove()
  await host?.remove()
  await rm(dataDir, { recursive: true, force: true })
})

/** One call of the executable on the host. */
async function call(command: string, more: object = {}, containerId = 'a'): Promise<any> {
  const config = {
    cniVersion: '1.1.0',
    name: 'net',
    type: 'skiff-bridge',
    bridge: 'cni0',
    mtu: 1_400,
    ipam: { type: 'skiff-host-local', subnet: '10.7.0.0/24', dataDir, routes: [{ dst: '0.0.0.0/0' }] },
    ...more,
  }
  const env = [
    `CNI_COMMAND=${command}`,
    `CNI_CONTAINERID=${containerId}`,
    `CNI_NETNS=/run/netns/${sandbox.name}`,
    'CNI_IFNAME=eth0',
    'CNI_PATH=/',
  ]
  const script = `printf %s '${JSON.stringify(config)}' | ${process.execPath} --disable-warning=ExperimentalWarning ${PROGRAM} skiff-bridge`
  const text = await host.run('env', ...env, 'sh', '-c', script)
  return text === '' ? undefined : JSON.parse(text)
}

const shown = async (namespace: TestNamespace, ...args: string[]): Promise<any[]> =>
  JSON.parse((await namespace.run('ip', '-j', '-d', ...args)) || '[]')
const ports = async (): Promise<string[]> =>
  (await shown(host, 'link', 'show', 'master', 'cni0')).flatMap(({ ifname }) => ifname ?? [])

test.serial('ADD gives a sandbox a link, an address and a way out, and tells them', async t => {
  const answer = await call('ADD')
  t.like(answer.ips[0], { address: '10.7.0.2/24', gateway: '10.7.0.1', interface: 2 })
  const [link] = await shown(sandbox, 'addr', 'show', 'eth0')
  t.like(link, { mtu: 1_400, address: answer.interfaces[2].mac })
  t.true(link.flags.includes('UP'))
  t.true(link.addr_info.some(({ local }: { local: string }) => local === '10.7.0.2'))
  t.like((await shown(sandbox, 'route', 'show', 'default'))[0], { gateway: '10.7.0.1', dev: 'eth0' })
  const [port] = await shown(host, 'link', 'show', 'master', 'cni0')
  t.like(port, { ifname: answer.interfaces[1].name, linkinfo: { info_slave_data: { hairpin: true } } })
  await sandbox.run('ping', '-c', '1', '-W', '2', '10.7.0.1')
})

test.serial('what an ADD that was cut off left is replaced by the next', async t => {
  const { interfaces } = await call('ADD')
  await sandbox.run('ip', 'link', 'set', 'eth0', 'down')
  const again = await call('ADD')
  t.deepEqual(await ports(), [interfaces[1].name])
  t.is(again.ips[0].address, '10.7.0.2/24')
})

test.serial('DEL takes link and address back, and again is no harm', async t => {
  await call('ADD')
  await call('DEL')
  await call('DEL')
  t.deepEqual(await ports(), [])
  t.deepEqual(await shown(sandbox, 'link', 'show', 'type', 'veth'), [])
  t.false((await readdir(join(dataDir, 'net'))).includes('10.7.0.2'))
})

test.serial('GC takes away what no valid attachment has', async t => {
  await call('ADD')
  const valid = { 'cni.dev/valid-attachments': [{ containerID: 'a', ifname: 'eth0' }] }
  await call('GC', valid)
  t.is((await ports()).length, 1)
  await call('GC', { 'cni.dev/valid-attachments': [] })
  t.deepEqual(await ports(), [])
})

test.serial('a sandbox that is not there is told, and nothing stays', async t => {
  const { name } = sandbox
  await sandbox.remove()
  const failed = (await call('ADD').catch(error => JSON.parse(error.stdout))) as { msg: string }
  sandbox = await createNamespace('box')
  t.regex(failed.msg, new RegExp(`/run/netns/${name}`))
  t.false((await readdir(join(dataDir, 'net'))).includes('10.7.0.2'))
})
