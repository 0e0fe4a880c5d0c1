import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readFile, rm, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'ava'
import { nodes } from '../../../api/kinds/core.ts'
import { collectAttachments } from '../../../node/network/collect.ts'
import { type NetworkOptions, startNetwork } from '../../../node/network/network.ts'
import { createPluginHost } from '../../../plugins/host/host.ts'
import type { NetworkPeer, NetworkPlugin } from '../../../plugins/network.ts'
import { createFakeInformers } from '../../helpers/fake-informers.ts'
import { quietLog } from '../../helpers/log.ts'

const EXAMPLES = join(import.meta.dirname, '..', '..', '..', 'plugins', 'examples')
let dir: string
let stop: AbortController

test.beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'skiff-network-'))
  stop = new AbortController()
})

test.afterEach.always(async () => {
  stop.abort()
  await rm(dir, { recursive: true, force: true })
})

const node = (i: number): any => ({
  apiVersion: 'v1',
  kind: 'Node',
  metadata: { name: `worker-${i}` },
  spec: { podCIDR: `10.244.${i}.0/24` },
  status: { addresses: [{ type: 'InternalIP', address: `192.168.9.${i}` }] },
})

/** A plugin that writes down what it is told; a test waits for the next of it. */
function createRecorder(fail: (count: number) => boolean = () => false) {
  const calls: string[] = []
  let tell = (): void => {}
  const record = (call: string): void => {
    calls.push(call)
    tell()
    if (fail(calls.length)) throw new Error('as asked')
  }
  const plugin: NetworkPlugin = {
    name: 'recorder',
    prepare: async self => record(`prepare ${self.podCIDR}`),
    setPeers: async (peers: NetworkPeer[]) => record(`peers ${peers.map(({ name }) => name).join(' ')}`),
    conflist: () => ({ cniVersion: '1.0.0', name: 'recorder', plugins: [] }),
  }
  return {
    plugin,
    calls,
    /** Resolves when there are so many calls. */
    async until(count: number): Promise<string[]> {
      while (calls.length < count) {
        await new Promise<void>(resolve => {
          tell = resolve
        })
      }
      return calls.slice(0, count)
    },
  }
}

const start = (more: Pick<NetworkOptions, 'informers' | 'plugin'> & Partial<NetworkOptions>) =>
  startNetwork({
    nodeName: 'worker-1',
    nodeAddress: '192.168.9.1',
    clusterCIDR: '10.244.0.0/16',
    cni: { confDir: join(dir, 'net.d'), socket: join(dir, 'cni.sock') },
    log: quietLog,
    signal: stop.signal,
    ...more,
  })

const writtenConflist = async (): Promise<any> =>
  JSON.parse(await readFile(join(dir, 'net.d', '10-skiff.conflist'), 'utf8'))

// `conflist` of a plugin in a process of its own gives a promise, which was written as {}.
test.serial('the CNI configuration of a plugin in a process of its own is written whole', async t => {
  const file = join(dir, 'plugin.ts')
  await writeFile(
    file,
    `import { definePlugin } from ${JSON.stringify(join(EXAMPLES, '..', 'plugin.ts'))}
export default definePlugin({ type: 'network', name: 'still', version: '1', start: () => ({
  name: 'still', async prepare() {}, async setPeers() {},
  conflist: self => ({ cniVersion: '1.0.0', name: 'still', plugins: [{ type: 'x', subnet: self.podCIDR }] }),
}) })`,
  )
  const host = createPluginHost({
    builtins: {},
    baseDir: dir,
    dataDir: dir,
    log: quietLog,
    signal: stop.signal,
  })
  const plugin = await host.start('network', { name: 'still', source: file })
  const informers = createFakeInformers()
  informers.set(nodes, node(1))
  await start({ informers, plugin }).ready
  t.deepEqual(await writtenConflist(), {
    cniVersion: '1.0.0',
    name: 'still',
    plugins: [{ type: 'x', subnet: '10.244.1.0/24' }],
  })
})

test.serial('a plugin is told its peers when all nodes are known, and on every change', async t => {
  const informers = createFakeInformers({ synced: false })
  informers.informer(nodes)
  const { plugin, until, calls } = createRecorder()
  start({ informers, plugin })
  informers.set(nodes, node(1), node(2))
  await new Promise(resolve => setImmediate(resolve))
  t.deepEqual(calls, [])
  informers.set(nodes, node(3))
  informers.sync()
  t.deepEqual(await until(2), ['prepare 10.244.1.0/24', 'peers worker-2 worker-3'])
  informers.delete(nodes, 'worker-2')
  t.is((await until(3))[2], 'peers worker-3')
})

test.serial('a plugin is told its peers again now and then, to mend what others changed', async t => {
  const informers = createFakeInformers()
  informers.set(nodes, node(1), node(2))
  const { plugin, until } = createRecorder()
  start({ informers, plugin, repairEvery: 20 })
  t.deepEqual((await until(4)).slice(1), ['peers worker-2', 'peers worker-2', 'peers worker-2'])
})

test.serial('a plugin that failed begins again: its process may be a new one', async t => {
  const informers = createFakeInformers()
  informers.set(nodes, node(1), node(2))
  const { plugin, until } = createRecorder(count => count === 1 || count === 3)
  const { ready } = start({ informers, plugin })
  t.deepEqual(await until(5), [
    'prepare 10.244.1.0/24',
    'prepare 10.244.1.0/24',
    'peers worker-2',
    'prepare 10.244.1.0/24',
    'peers worker-2',
  ])
  await ready
})

test.serial("the plugin's own words say why Pods cannot be networked", async t => {
  const informers = createFakeInformers()
  let status = async (): Promise<string | undefined> => undefined
  const { plugin } = createRecorder()
  const { fault } = start({ informers, plugin: { ...plugin, status: () => status() } })
  t.is(await fault(), undefined)
  status = async () => 'the tunnel is down'
  t.is(await fault(), 'the tunnel is down')
  status = async () => {
    throw new Error('crashed')
  }
  t.is(await fault(), 'the network plugin failed: crashed')
  status = () => new Promise(() => {})
  t.is(await fault(), 'the network plugin gives no answer')
})

/** Reserved addresses as files: name and whose. */
async function reserve(address: string, owner: string, age: number): Promise<string> {
  const folder = join(dir, 'addresses', 'net')
  await mkdir(folder, { recursive: true })
  const file = join(folder, address)
  await writeFile(file, owner)
  const since = Date.now() / 1000 - age
  await utimes(file, since, since)
  return file
}

const conflist = () => ({
  cniVersion: '1.0.0',
  name: 'net',
  plugins: [
    {
      type: 'skiff-bridge',
      ipam: { type: 'skiff-host-local', subnet: '10.244.1.0/24', dataDir: join(dir, 'addresses') },
    },
  ],
})

test.serial('what no sandbox holds is given back', async t => {
  const living = await reserve('10.244.1.2', 'living\neth0', 600)
  const gone = await reserve('10.244.1.3', 'gone\neth0', 600)
  const nobodys = await reserve('10.244.1.4', '', 600)
  await collectAttachments(conflist(), async () => ['living'])
  t.deepEqual([living, gone, nobodys].map(existsSync), [true, false, false])
})

// A runtime lists a sandbox only after its ADD: one that began between listing and collecting lost its address.
test.serial('a sandbox that is being added keeps its address, whenever it began', async t => {
  const before = await reserve('10.244.1.2', 'before\neth0', 5)
  const old = await reserve('10.244.1.3', 'old\neth0', 600)
  let during = ''
  await collectAttachments(conflist(), async () => {
    during = await reserve('10.244.1.4', 'during\neth0', 0)
    return ['old']
  })
  t.deepEqual([before, old, during].map(existsSync), [true, true, true])
})

test.serial('nothing is given back when the runtime gives no list', async t => {
  const held = await reserve('10.244.1.2', 'held\neth0', 600)
  const failing = collectAttachments(conflist(), () => Promise.reject(new Error('not there')))
  await t.throwsAsync(failing, { message: 'not there' })
  t.true(existsSync(held))
})
