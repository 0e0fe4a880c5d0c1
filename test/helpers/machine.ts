import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { createMachineCgroups, isUnified, removeLabCgroups, removeMachineCgroups } from '../../lab/cgroups.ts'
import { run } from '../../lab/command.ts'
import { makeLabImages, PAUSE_IMAGE } from '../../lab/images/lab-images.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const INIT = join(root, 'lab', 'machine-init.sh')
const DEADLINE = 120_000

/** A machine made of namespaces, with a containerd of its own and the lab's images in it. Nothing of it outlives stop. */
export interface TestMachine {
  /** Same path inside and outside. */
  dir: string
  /** containerd's socket, reachable from outside too. */
  socket: string
  run(...command: string[]): Promise<string>
  spawn(command: string[], options?: SpawnOptions): ChildProcess
  /** SIGKILLs containerd; its containers go on. Resolves when it is back. */
  restartContainerd(): Promise<void>
  /** Starts a further containerd, with images and state of its own; resolves with its socket. */
  startAnotherContainerd(name: string): Promise<string>
  stop(): Promise<void>
}

export async function startTestMachine(): Promise<TestMachine> {
  const dir = await mkdtemp(join(tmpdir(), 'skiff-machine-'))
  const name = dir.slice(dir.lastIndexOf('-') + 1).toLowerCase()
  const lab = `t${process.pid}`
  const images = await makeLabImages(join(dir, 'images'))
  const cgroups = await createMachineCgroups(lab, name)
  await mkdir(join(dir, 'services'), { recursive: true })
  const outer = spawnInit(name, dir, cgroups)
  const stop = async (): Promise<void> => {
    const gone = new Promise(done => (outer.exitCode === null ? outer.once('exit', done) : done(undefined)))
    outer.kill('SIGKILL')
    await gone
    for (let tries = 0; tries < 100; tries++) {
      await removeMachineCgroups(lab, name)
      await removeLabCgroups(lab)
      if (!existsSync(`/sys/fs/cgroup/memory/${lab}-lab`) && !existsSync(`/sys/fs/cgroup/${lab}-lab`)) break
      await sleep(20)
    }
    await rm(dir, { recursive: true, force: true, maxRetries: 5 })
  }
  try {
    await until(() => existsSync(join(dir, 'booted')), 'the machine boots', dir)
    await writeFile(join(dir, 'plugged-in'), '')
    const children = await readFile(`/proc/${outer.pid}/task/${outer.pid}/children`, 'utf8')
    const machine = describe(dir, Number(children.trim().split(' ')[0]), images, stop)
    await machine.startAnotherContainerd('containerd')
    return machine
  } catch (error) {
    await stop()
    throw error
  }
}

function spawnInit(name: string, dir: string, cgroups: string[]): ChildProcess {
  const enter = cgroups.map(path => `echo $$ > ${path}/cgroup.procs`).join('; ')
  const unshare = 'unshare -n -m -u -i -p -C -f --kill-child --propagation private --mount-proc'
  return spawn('bash', ['-c', `${enter}; exec ${unshare} bash "$0" "$@"`, INIT, name, dir], {
    stdio: 'ignore',
    env: {
      PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
      ...(isUnified() && { SKIFF_CGROUP2: '1' }),
    },
  })
}

function describe(dir: string, pid: number, images: string[], stop: () => Promise<void>): TestMachine {
  const enter = ['-t', String(pid), '-a']
  const machine: TestMachine = {
    dir,
    socket: join(dir, 'containerd.sock'),
    run: (...command) => run('nsenter', [...enter, ...command]),
    spawn: (command, options = {}) => spawn('nsenter', [...enter, ...command], options),
    async restartContainerd() {
      await machine.run('sh', '-c', 'kill -9 $(cat /run/test-containerd.pid)')
      await startContainerd(machine, 'containerd')
    },
    async startAnotherContainerd(name) {
      const socket = await startContainerd(machine, name)
      for (const image of images) {
        await machine.run('ctr', '-a', socket, '-n', 'k8s.io', 'images', 'import', image)
      }
      return socket
    },
    stop,
  }
  return machine
}

/** Pods get addresses of 10.99.0.0/24 on a bridge inside the machine, from our own CNI executables. */
async function startContainerd(machine: TestMachine, name: string): Promise<string> {
  const { dir } = machine
  const socket = join(dir, `${name}.sock`)
  await writeFile(join(dir, `${name}.toml`), containerdConfig(dir, name, socket))
  await mkdir(join(dir, 'net.d'), { recursive: true })
  await writeFile(join(dir, 'net.d', '10-test.conflist'), JSON.stringify(NETWORK))
  await rm(socket, { force: true })
  const script = `echo $$ > /run/test-${name}.pid; exec containerd --config ${dir}/${name}.toml >> ${dir}/${name}.log 2>&1`
  machine.spawn(['sh', '-c', script], { stdio: 'ignore', detached: true }).unref()
  await until(() => existsSync(socket), 'containerd listens', dir)
  for (let tries = 0; ; tries++) {
    try {
      await machine.run('ctr', '-a', socket, 'version')
      return socket
    } catch (error) {
      if (tries === 50) throw error
      await sleep(50)
    }
  }
}

const NETWORK = {
  cniVersion: '1.0.0',
  name: 'test',
  plugins: [
    {
      type: 'skiff-bridge',
      bridge: 'cni0',
      ipam: { type: 'skiff-host-local', subnet: '10.99.0.0/24', routes: [{ dst: '0.0.0.0/0' }] },
    },
  ],
}

const containerdConfig = (dir: string, name: string, socket: string): string => `version = 2
root = "${dir}/${name}"
state = "/run/${name}/state"
disabled_plugins = ["io.containerd.snapshotter.v1.btrfs", "io.containerd.snapshotter.v1.zfs", "io.containerd.snapshotter.v1.aufs", "io.containerd.snapshotter.v1.devmapper", "io.containerd.tracing.processor.v1.otlp", "io.containerd.internal.v1.tracing"]
[grpc]
  address = "${socket}"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "${PAUSE_IMAGE}"
  disable_apparmor = true
  restrict_oom_score_adj = true
  [plugins."io.containerd.grpc.v1.cri".containerd]
    snapshotter = "overlayfs"
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "${root}/dist/cni/bin"
    conf_dir = "${dir}/net.d"
`

async function until(isTrue: () => boolean, what: string, dir: string): Promise<void> {
  const deadline = Date.now() + DEADLINE
  while (!isTrue()) {
    if (Date.now() > deadline) throw new Error(`waited too long until ${what} (see ${dir})`)
    await sleep(10)
  }
}
