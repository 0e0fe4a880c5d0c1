import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import test from 'ava'
import type { Informer } from '../../api/client/client.ts'
import { createInformerFactory } from '../../api/client/informer.ts'
import { deployments, replicaSets } from '../../api/kinds/apps.ts'
import { leases } from '../../api/kinds/coordination.ts'
import { nodes, pods } from '../../api/kinds/core.ts'
import type { KindDeclaration } from '../../api/kinds/kind.ts'
import type { ApiObject } from '../../api/meta/object.ts'
import { writeIdentities } from '../../cli/server/api-server.ts'
import { startTestApiServer, type TestApiServer } from '../helpers/api-server.ts'

const CLI = fileURLToPath(new URL('../../cli/skiff.ts', import.meta.url))
const DEADLINE = 120_000

let api: TestApiServer
let dir: string
const stopping = new AbortController()
const running = new Set<ChildProcess>()

test.before(async () => {
  api = await startTestApiServer()
  dir = await mkdtemp(join(tmpdir(), 'skiff-leaders-'))
})
test.after.always(async () => {
  stopping.abort()
  for (const child of running) child.kill('SIGKILL')
  await api?.stop()
  await rm(dir, { recursive: true, force: true })
})

/** A part of the control plane as a process of its own, with its own data, as on another machine. */
async function startPart(only: string, name: string): Promise<ChildProcess> {
  const data = join(dir, `${only}-${name}`)
  await mkdir(join(data, 'pki'), { recursive: true })
  await writeFile(join(data, 'pki', 'ca.crt'), api.pki.ca.cert)
  await writeIdentities({ data }, api.pki, api.url)
  const times = ['--leader-elect-lease-duration=15', '--leader-elect-renew-deadline=12']
  const args = [CLI, 'server', '--data', data, '--only', only, ...times, '--leader-elect-retry-period=1']
  const child = spawn(process.execPath, args, { stdio: 'ignore' })
  running.add(child)
  child.once('exit', () => running.delete(child))
  return child
}

const instanceOf = (only: string, name: string): Promise<string> =>
  readFile(join(dir, `${only}-${name}`, 'instance-id'), 'utf8')

/** Waits until what a watch shows is as wanted. */
async function seen<T extends ApiObject, R>(
  kind: KindDeclaration<T>,
  find: (cache: Informer<T>) => R | undefined,
): Promise<R> {
  const cache = createInformerFactory(api.client, stopping.signal).informer(kind)
  await cache.synced()
  return await new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`${kind.plural} were not as wanted`)), DEADLINE)
    const check = (): void => {
      const found = find(cache)
      if (found === undefined) return
      clearTimeout(timer)
      resolve(found)
    }
    cache.addHandler({ added: check, updated: check, deleted: check })
    check()
  })
}

const leaderOf = (lease: string, isWanted: (holder: string) => boolean): Promise<string> =>
  seen(leases, cache => {
    const holder = cache.get(`kube-system/${lease}`)?.spec?.holderIdentity
    return holder && isWanted(holder) ? holder : undefined
  })

const template = { metadata: { labels: { a: 'b' } }, spec: { containers: [{ name: 'c', image: 'x' }] } }

/** What shows that a part works. */
const PARTS: Record<string, { lease: string; work(name: string): Promise<unknown> }> = {
  controllers: {
    lease: 'kube-controller-manager',
    async work(name) {
      const spec = { replicas: 0, selector: { matchLabels: { a: 'b' } }, template }
      await api.client.create(deployments, { metadata: { name, namespace: 'default' }, spec } as never)
      return seen(replicaSets, cache => cache.list().find(({ metadata }) => metadata.name.startsWith(name)))
    },
  },
  scheduler: {
    lease: 'kube-scheduler',
    async work(name) {
      const allocatable = { cpu: '4', memory: '8Gi', pods: '110' }
      const node = { metadata: { name: `node-${name}` }, status: { allocatable } }
      await api.client.create(nodes, node as never)
      const metadata = { name, namespace: 'default' }
      const account = { kind: 'ServiceAccount', metadata: { name: 'default' } }
      await api.raw('/api/v1/namespaces/default/serviceaccounts', { body: account })
      // No controller is there to take the taint of a new node away.
      const spec = { ...template.spec, tolerations: [{ operator: 'Exists' }] }
      await api.client.create(pods, { metadata, spec } as never)
      return seen(pods, cache => cache.get(`default/${name}`)?.spec.nodeName)
    },
  },
}

for (const [only, { lease, work }] of Object.entries(PARTS)) {
  test.serial(`of two one works, and the other goes on when it is killed - ${only}`, async t => {
    const parts = new Map([
      ['one', await startPart(only, 'one')],
      ['two', await startPart(only, 'two')],
    ])
    const first = await leaderOf(lease, () => true)
    t.truthy(await work('before'))
    const isOne = first.endsWith(await instanceOf(only, 'one'))
    const leader = parts.get(isOne ? 'one' : 'two')!
    leader.kill('SIGKILL')
    await once(leader, 'exit')
    t.truthy(await work('after'))
    const second = await leaderOf(lease, holder => holder !== first)
    t.true(second.endsWith(await instanceOf(only, isOne ? 'two' : 'one')))
    const { items } = await api.client.list(leases, { namespace: 'kube-system' })
    t.is(items.find(({ metadata }) => metadata.name === lease)?.spec?.leaseTransitions, 1)
  })

  test.serial(`the one that works gives its place up when it is stopped - ${only}`, async t => {
    const [left] = running
    left!.kill('SIGTERM')
    const [code] = await once(left!, 'exit')
    t.is(code, 0)
    const { items } = await api.client.list(leases, { namespace: 'kube-system' })
    t.falsy(items.find(({ metadata }) => metadata.name === lease)?.spec?.holderIdentity)
  })
}
