import { existsSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { PAUSE_IMAGE } from './images/lab-images.ts'
import { type Machine, runInMachine } from './machine.ts'
import type { MachineSpec } from './options.ts'

/** Inside the machine, where /run is its own. */
export const CONTAINERD_SOCKET = '/run/containerd/containerd.sock'
const READY_DEADLINE = 15_000

/** CNI folders of a worker: configuration is written by the agent, executables are shared by all workers. */
export const cniConfDir = (spec: MachineSpec): string => join(spec.dir, 'cni', 'net.d')

/** Writes containerd's configuration and returns the command that runs it. */
export async function containerdService(spec: MachineSpec, cniBinDir: string): Promise<string[]> {
  const config = join(spec.dir, 'containerd.toml')
  await mkdir(cniConfDir(spec), { recursive: true })
  await writeFile(config, containerdConfig(spec, cniBinDir))
  return ['/usr/bin/containerd', '--config', config]
}

/** `restrict_oom_score_adj`: a root without CAP_SYS_RESOURCE may not lower oom_score_adj, and sandboxes would fail. */
function containerdConfig(spec: MachineSpec, cniBinDir: string): string {
  return `version = 2
root = "${join(spec.dir, 'containerd')}"
state = "/run/containerd/state"
disabled_plugins = ["io.containerd.snapshotter.v1.btrfs", "io.containerd.snapshotter.v1.zfs", "io.containerd.snapshotter.v1.aufs", "io.containerd.snapshotter.v1.devmapper", "io.containerd.tracing.processor.v1.otlp", "io.containerd.internal.v1.tracing"]

[grpc]
  address = "${CONTAINERD_SOCKET}"

[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "${PAUSE_IMAGE}"
  disable_apparmor = true
  restrict_oom_score_adj = true
  [plugins."io.containerd.grpc.v1.cri".containerd]
    snapshotter = "overlayfs"
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "${cniBinDir}"
    conf_dir = "${cniConfDir(spec)}"
`
}

/** Waits until containerd answers. */
export async function waitForContainerd(machine: Machine): Promise<void> {
  const deadline = Date.now() + READY_DEADLINE
  const socket = `/proc/${machine.pid}/root${CONTAINERD_SOCKET}`
  while (!existsSync(socket)) {
    if (Date.now() > deadline) throw notReady(machine, 'no socket')
    await sleep(20)
  }
  await runInMachine(machine, ['ctr', 'version'], deadline - Date.now()).catch(error => {
    throw notReady(machine, error.message)
  })
}

const notReady = (machine: Machine, why: string): Error =>
  new Error(`containerd of ${machine.name} does not answer (${why}); see ${machine.dir}/log/containerd.log`)

/** Imports an archive (OCI layout or docker-archive) so that Pods can use its images. */
export async function importImage(machine: Machine, archive: string): Promise<void> {
  await runInMachine(
    machine,
    ['ctr', '-n', 'k8s.io', 'images', 'import', '--snapshotter', 'overlayfs', archive],
    120_000,
  )
}
