import {
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { Address4 } from 'ip-address'
import type { CniPlugin } from '../skel.ts'
import { CniError, CODES, type Invocation, type IpConfig, type Route } from '../wire/types.ts'

interface IpamConfig {
  type: string
  subnet: string
  gateway?: string
  routes?: Route[]
  /** Survives reboots; one folder a network below it. */
  dataDir?: string
}

/** An address and whose it is. */
export interface Reservation {
  address: string
  containerId: string
  ifname: string
  /** Milliseconds since 1970. */
  since: number
}

const DATA_DIR = '/var/lib/cni/networks'
const LAST = 'last_reserved_ip'
/** Beginnings of files that are not whole yet. */
const NEW = '.new-'
/** So long one may take to become whole (milliseconds). */
const NEW_DEADLINE = 60_000

/**
 * Addresses of one node, kept as files: the name is the address, the content says whose it is. A file appears with its
 * content and by an exclusive step, so that an address is never given twice nor held by nobody, whoever crashes where.
 * All is synchronous: the files are small and few, and asynchronous calls would cost ten times the time.
 */
export const hostLocal: CniPlugin = {
  name: 'skiff-host-local',
  async add(call) {
    const { ip, routes } = allocate(call)
    return { cniVersion: call.config.cniVersion, ips: [ip], ...(routes && { routes }) }
  },
  async del(call) {
    release(call)
  },
  async check(call) {
    if (heldBy(folderOf(call), call.containerId, call.ifname).length > 0) return
    throw new CniError(CODES.unknownContainer, `no address is held for ${call.containerId} ${call.ifname}`)
  },
  async gc(call) {
    collect(call)
  },
}

const ipamOf = ({ config }: Invocation): IpamConfig => {
  const ipam = config.ipam as IpamConfig | undefined
  if (!ipam?.subnet || !Address4.isValid(ipam.subnet)) {
    throw new CniError(
      CODES.invalidConfig,
      `ipam.subnet is ${JSON.stringify(ipam?.subnet)}, expected an IPv4 network`,
    )
  }
  return ipam
}

const folderOf = ({ config }: Pick<Invocation, 'config'>): string =>
  join((config.ipam as IpamConfig | undefined)?.dataDir ?? DATA_DIR, config.name)

const ownerText = (containerId: string, ifname: string): string => `${containerId}\n${ifname}`

/** Reserves an address; the same attachment gets the same one again. */
export function allocate(call: Invocation): { ip: IpConfig & { gateway: string }; routes?: Route[] } {
  const { subnet, gateway, routes } = ipamOf(call)
  const folder = folderOf(call)
  mkdirSync(folder, { recursive: true })
  const network = new Address4(subnet)
  const first = network.startAddress().bigInt()
  const gatewayAddress = gateway ?? Address4.fromBigInt(first + 1n).address
  const [held] = heldBy(folder, call.containerId, call.ifname)
  const address = held ?? reserve(folder, network, gatewayAddress, ownerText(call.containerId, call.ifname))
  return {
    ip: { address: `${address}/${network.subnetMask}`, gateway: gatewayAddress },
    ...(routes && { routes }),
  }
}

function reserve(folder: string, network: Address4, gateway: string, owner: string): string {
  const taken = new Set(readdirSync(folder))
  const whole = join(folder, `${NEW}${process.pid}`)
  writeFileSync(whole, owner)
  try {
    for (const address of candidates(network, readText(join(folder, LAST)).trim())) {
      if (address === gateway || taken.has(address) || !appear(whole, join(folder, address))) continue
      const last = join(folder, `${NEW}${process.pid}-last`)
      writeFileSync(last, address)
      renameSync(last, join(folder, LAST))
      return address
    }
  } finally {
    rmSync(whole, { force: true })
  }
  throw new CniError(CODES.tryAgain, `no address is left in ${network.address}`)
}

/** All addresses for hosts, beginning behind the one that was given last: what was given back rests a while. */
function* candidates(network: Address4, last: string): Generator<string> {
  const first = network.startAddress().bigInt() + 1n
  const count = network.endAddress().bigInt() - first
  const start = Address4.isValid(last) ? new Address4(last).bigInt() - first + 1n : 0n
  for (let i = 0n; i < count; i++) yield Address4.fromBigInt(first + ((start + i + count) % count)).address
}

/** False when another file is there already. */
function appear(whole: string, path: string): boolean {
  try {
    linkSync(whole, path)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  }
}

/** What is gone reads as nothing. */
function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return ''
    throw error
  }
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw error
  }
}

const addressesIn = (folder: string): string[] => namesIn(folder).filter(name => Address4.isValid(name))

function heldBy(folder: string, containerId: string, ifname: string): string[] {
  const wanted = ownerText(containerId, ifname)
  return addressesIn(folder).filter(address => readText(join(folder, address)).trim() === wanted)
}

/** All reservations of a network. Those that name nobody have an empty container. */
export function reservations(call: Pick<Invocation, 'config'>): Reservation[] {
  const folder = folderOf(call)
  return addressesIn(folder).flatMap(address => {
    const file = join(folder, address)
    const since = statSync(file, { throwIfNoEntry: false })?.mtimeMs
    const [containerId = '', ifname = ''] = readText(file).trim().split(/\s+/)
    return since === undefined ? [] : [{ address, containerId, ifname, since }]
  })
}

/** Gives an attachment's address back. */
export function release(call: Invocation): void {
  const folder = folderOf(call)
  for (const address of heldBy(folder, call.containerId, call.ifname)) {
    rmSync(join(folder, address), { force: true })
  }
}

/** Gives back what no valid attachment holds, and what crashes left unfinished. */
export function collect(call: Invocation): void {
  const valid = new Set(
    (call.config['cni.dev/valid-attachments'] ?? []).map(({ containerID, ifname }) =>
      ownerText(containerID, ifname),
    ),
  )
  const folder = folderOf(call)
  for (const { address, containerId, ifname } of reservations(call)) {
    if (!valid.has(ownerText(containerId, ifname))) rmSync(join(folder, address), { force: true })
  }
  for (const name of namesIn(folder).filter(name => name.startsWith(NEW))) {
    const since = statSync(join(folder, name), { throwIfNoEntry: false })?.mtimeMs ?? 0
    if (Date.now() - since > NEW_DEADLINE) rmSync(join(folder, name), { force: true })
  }
}

/** Gives one address back, whoever holds it. */
export function forget(call: Pick<Invocation, 'config'>, address: string): void {
  rmSync(join(folderOf(call), address), { force: true })
}
