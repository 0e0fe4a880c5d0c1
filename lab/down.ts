import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { removeLabCgroups } from './cgroups.ts'
import { stopMachine } from './machine.ts'
import { type LabOptions, type MachineSpec, machineSpecs } from './options.ts'
import { dataDirs, readLab } from './state.ts'
import { removeSwitch } from './switch.ts'

/** Machines that may be there: an earlier `up` may have had more workers than the last. */
const MOST_WORKERS = 100

/**
 * Takes a lab back: machines (and with them every process, namespace and mount), links, rules, cgroups, the kubeconfig
 * and the data directory, but for the images when they are to be kept. Succeeds when there is no lab.
 */
export async function takeDown(dataDir: string, keepImages: boolean): Promise<LabOptions | undefined> {
  const options = await readLab(dataDir)
  if (!options) return undefined
  const machines = machineSpecs({ ...options, workers: MOST_WORKERS })
  await Promise.all(machines.map(machine => stopMachine(options, machine)))
  await removeSwitch(options, machines)
  await removeLabCgroups(options.name)
  await rm(options.kubeconfig, { force: true })
  await removeFiles(options, machines, keepImages || options.keepImages)
  return options
}

/** `lab.json` goes last, so that a `down` that was interrupted can be repeated. */
async function removeFiles(options: LabOptions, machines: MachineSpec[], keepImages: boolean): Promise<void> {
  await Promise.all(machines.map(({ dir }) => (keepImages ? removeAllButImages(dir) : remove(dir))))
  if (!keepImages) await remove(dataDirs(options).images)
  await remove(join(options.dataDir, 'lab.json'))
  if (!keepImages) await remove(options.dataDir)
}

/** containerd's content and snapshots stay; what it knew of containers is cleared by the next boot's clean-up. */
async function removeAllButImages(dir: string): Promise<void> {
  const parts = [
    'agent',
    'server',
    'cni',
    'pki',
    'log',
    'services',
    'node.yaml',
    'containerd.toml',
    'booted',
    'plugged-in',
  ]
  await Promise.all(parts.map(part => remove(join(dir, part))))
}

const remove = (path: string): Promise<void> => rm(path, { recursive: true, force: true, maxRetries: 5 })
