import { homedir } from 'node:os'
import { join } from 'node:path'
import { Address4 } from 'ip-address'

/** What the user chose for a lab. Everything else is derived from it. */
export interface LabOptions {
  /** Prefix of the lab's bridge, links and cgroups: two labs with different names live side by side. */
  name: string
  dataDir: string
  workers: number
  /** Service proxy of the workers; chosen by what the kernel has where left out. */
  proxy?: 'ipvs' | 'nftables'
  runtime: 'containerd'
  /** The network of the machines, a /24 of the host's. */
  subnet: string
  /** Where the admin's kubeconfig is written. */
  kubeconfig: string
  keepImages: boolean
  /** False leaves the demo out. */
  demo: boolean
}

export const LAB_DEFAULTS: LabOptions = {
  name: 'skiff',
  dataDir: '/var/lib/skiff',
  workers: 2,
  runtime: 'containerd',
  subnet: '172.30.0.0/24',
  kubeconfig: join(homedir(), '.kube', 'skiff.yaml'),
  keepImages: false,
  demo: true,
}

/** One machine of the lab: a set of namespaces with an address on the lab's bridge. */
export interface MachineSpec {
  name: string
  role: 'control-plane' | 'worker'
  address: string
  /** The machine's files; nothing outside belongs to it. */
  dir: string
}

/** The machines an option set describes: `.10` is the control plane, workers follow from `.11`. */
export function machineSpecs(options: LabOptions): MachineSpec[] {
  const machine = (name: string, role: MachineSpec['role'], host: number): MachineSpec => ({
    name,
    role,
    address: hostAddress(options.subnet, host),
    dir: join(options.dataDir, name),
  })
  const workers = Array.from({ length: options.workers }, (_, i) =>
    machine(`worker-${i + 1}`, 'worker', 11 + i),
  )
  return [machine('control-plane', 'control-plane', 10), ...workers]
}

/** The `n`th address of the lab's network. */
export function hostAddress(subnet: string, n: number): string {
  const first = new Address4(subnet).startAddress().bigInt()
  return Address4.fromBigInt(first + BigInt(n)).address
}

/** The host's own address on the bridge, the machines' default gateway. */
export const gatewayAddress = (options: LabOptions): string => hostAddress(options.subnet, 1)

/** Where clients find the API server. */
export const serverUrl = (options: LabOptions): string => `https://${hostAddress(options.subnet, 10)}:6443`

/** Refuses options that cannot work, naming the option, the value and what was expected. */
export function checkOptions(options: LabOptions): void {
  const refuse = (option: string, value: unknown, expected: string): never => {
    throw new LabOptionError(`--${option} ${value}: expected ${expected}`)
  }
  if (!/^[a-z][a-z0-9]{0,8}$/.test(options.name)) {
    refuse('name', options.name, 'at most 9 lower-case letters and digits, a letter first')
  }
  if (!Number.isInteger(options.workers) || options.workers < 1 || options.workers > 100) {
    refuse('workers', options.workers, 'a whole number from 1 to 100')
  }
  if (!Address4.isValid(options.subnet) || !options.subnet.endsWith('/24')) {
    refuse('subnet', options.subnet, 'an IPv4 network of 24 bits such as 172.30.0.0/24')
  }
}

/** An option the user must change. */
export class LabOptionError extends Error {
  readonly code = 'LAB_OPTION'
}
