import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { freePorts } from './ports.ts'

const run = promisify(execFile)

/** One Redis process of a group on a TCP port of this machine. */
export interface Member {
  port: number
  start(): void
  /** SIGKILL; resolves when the process is gone. */
  kill(): Promise<void>
  cli(...args: string[]): Promise<string>
  /** Makes it a replica of the Redis on another port. */
  follow(port: number): Promise<void>
}

export interface RedisGroup {
  url: string
  members: Member[]
  /** Where the master of a key is now. */
  master(key: string): Promise<Member>
  remove(): Promise<void>
}

/** How members are spoken to: in the clear by anybody, unless settings and options of redis-cli are given. */
export interface Manners {
  settings: Record<string, string>
  /** Of sentinels, besides. */
  sentinelSettings: Record<string, string>
  cli: string[]
  /** Options for sentinels' redis-cli. */
  sentinelCli: string[]
}

const PLAIN: Manners = { settings: {}, sentinelSettings: {}, cli: [], sentinelCli: [] }

/** A master with a replica and three sentinels that replace it within a second or two. */
export async function startSentinelGroup(manners = PLAIN): Promise<RedisGroup> {
  const dir = await mkdtemp(join(tmpdir(), 'skiff-sentinel-'))
  const [first, ...others] = await freePorts(5)
  const replicaOf = { replicaof: `127.0.0.1 ${first}` }
  const members = await Promise.all(
    [first!, ...others.slice(0, 1)].map((port, index) =>
      member(dir, port, { ...DURABLE, ...(index > 0 && replicaOf), ...manners.settings }, manners.cli),
    ),
  )
  for (const one of members) await answers(one)
  await until(async () => /connected_slaves:1/.test(await members[0]!.cli('info', 'replication')))
  const sentinels = await Promise.all(
    others
      .slice(1)
      .map(port =>
        member(dir, port, { ...SENTINEL(first!), ...manners.sentinelSettings }, manners.sentinelCli, [
          '--sentinel',
        ]),
      ),
  )
  for (const sentinel of sentinels) await answers(sentinel)
  await until(async () => {
    const about = await sentinels[0]!.cli('sentinel', 'master', 'lab')
    return /num-slaves\n1/.test(about) && /num-other-sentinels\n2/.test(about)
  })
  const hosts = sentinels.map(({ port }) => `127.0.0.1:${port}`).join(',')
  return {
    url: `redis-sentinel://${hosts}/lab?replicas=1`,
    members,
    async master() {
      const answers = sentinels.map(one => one.cli('sentinel', 'get-master-addr-by-name', 'lab'))
      const named = new Set((await Promise.all(answers)).map(address => Number(address.split('\n')[1])))
      const [found] = members.filter(({ port }) => named.has(port))
      if (named.size > 1 || !found) throw new Error('the sentinels do not agree')
      return found
    },
    remove: () => remove(dir, [...sentinels, ...members]),
  }
}

/** A member that nobody hears of for so long is replaced: never by mistake, however busy the machine is; quickly. Milliseconds. */
const PATIENT = 15_000
export const IMPATIENT = 1_000

/** Three masters with a replica each. */
export async function startCluster(manners = PLAIN, nodeTimeout = PATIENT): Promise<RedisGroup> {
  const dir = await mkdtemp(join(tmpdir(), 'skiff-cluster-'))
  const ports = await freePorts(12)
  const members = await Promise.all(
    ports
      .slice(0, 6)
      .map((port, index) =>
        member(
          dir,
          port,
          { ...DURABLE, ...CLUSTER(ports[index + 6]!, nodeTimeout), ...manners.settings },
          manners.cli,
        ),
      ),
  )
  for (const one of members) await answers(one)
  const hosts = members.map(({ port }) => `127.0.0.1:${port}`)
  const create = ['--cluster', 'create', ...hosts, '--cluster-replicas', '1', '--cluster-yes']
  await run('redis-cli', [...manners.cli, ...create])
  for (const one of members) {
    await until(async () => {
      const nodes = await one.cli('cluster', 'nodes')
      return /cluster_state:ok/.test(await one.cli('cluster', 'info')) && nodes.match(/slave/g)?.length === 3
    })
  }
  for (const one of members) {
    await until(async () =>
      /connected_slaves:1|master_link_status:up/.test(await one.cli('info', 'replication')),
    )
  }
  return {
    url: `redis-cluster://${hosts.slice(0, 3).join(',')}?replicas=1`,
    members,
    async master(key) {
      for (const one of members) {
        const answer = await one.cli('get', key).catch(() => 'refused')
        if (!/MOVED|refused/.test(answer)) return one
      }
      throw new Error(`no master has the slot of ${key}`)
    },
    remove: () => remove(dir, members),
  }
}

/** Acknowledged writes are on disk, and on a replica: a master that is alone takes none. */
const DURABLE = {
  appendonly: 'yes',
  appendfsync: 'always',
  save: '""',
  'min-replicas-to-write': '1',
  'min-replicas-max-lag': '3',
  'repl-diskless-sync-delay': '0',
  'repl-ping-replica-period': '1',
}

const SENTINEL = (master: number) => ({
  'sentinel monitor lab 127.0.0.1': `${master} 2`,
  'sentinel down-after-milliseconds lab': '500',
  'sentinel failover-timeout lab': '4000',
})

const CLUSTER = (busPort: number, nodeTimeout: number) => ({
  'cluster-enabled': 'yes',
  'cluster-port': String(busPort),
  'cluster-node-timeout': String(nodeTimeout),
  'cluster-replica-validity-factor': '0',
})

async function member(
  dir: string,
  port: number,
  settings: Record<string, string>,
  cliOptions: string[] = [],
  flags: string[] = [],
): Promise<Member> {
  const home = join(dir, String(port))
  await mkdir(home)
  const listen =
    'tls-cert-file' in settings ? { port: '0', 'tls-port': String(port) } : { port: String(port) }
  const all = { ...listen, bind: '127.0.0.1', dir: home, ...settings }
  const config = join(home, 'redis.conf')
  await writeFile(
    config,
    Object.entries(all)
      .map(entry => `${entry.join(' ')}\n`)
      .join(''),
  )
  let child: ChildProcess | undefined
  const one: Member = {
    port,
    start() {
      const command = ['redis-server', config, ...flags]
      child = spawn('setpriv', ['--pdeathsig', 'KILL', ...command], { stdio: 'ignore' })
    },
    async kill() {
      const dying = child
      child = undefined
      if (!dying || dying.exitCode !== null || dying.signalCode) return
      const gone = new Promise(resolve => dying.once('exit', resolve))
      dying.kill('SIGKILL')
      await gone
    },
    cli: async (...args) => (await run('redis-cli', ['-p', String(port), ...cliOptions, ...args])).stdout,
    async follow(master) {
      await answers(one)
      await one.cli('replicaof', '127.0.0.1', String(master))
    },
  }
  one.start()
  return one
}

async function remove(dir: string, members: Member[]): Promise<void> {
  await Promise.all(members.map(one => one.kill()))
  await rm(dir, { recursive: true, force: true })
}

const answers = (one: Member) => until(async () => (await one.cli('ping')).startsWith('PONG'))

async function until(holds: () => Promise<boolean>): Promise<void> {
  for (const end = Date.now() + 120_000; Date.now() < end; ) {
    if (await holds().catch(() => false)) return
    await new Promise(resolve => setTimeout(resolve, 50))
  }
  throw new Error('the Redis group did not come up within two minutes')
}
