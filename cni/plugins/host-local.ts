import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
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

const DATA_DIR = '/var/lib/cni/networks'
const LAST = 'last_reserved_ip'

/**
 * Addresses of one node, kept as files: the name is the address, the content says whose it is. A file is made by an
 * exclusive create, so that an address is never given twice, whoever crashes where.
 */
export const hostLocal: CniPlugin = {
  name: 'skiff-host-local',
  async add(call) {
    const { ip, routes } = await allocate(call)
    return { cniVersion: call.config.cniVersion, ips: [ip], ...(routes && { routes }) }
  },
  del: release,
  async check(call) {
    const held = await heldBy(folderOf(call), call.containerId, call.ifname)
    if (held.length === 0)
      throw new CniError(CODES.unknownContainer, `no address is held for ${call.containerId} ${call.ifname}`)
  },
  gc: collect,
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

const folderOf = (call: Invocation): string =>
  join((call.config.ipam as IpamConfig | undefined)?.dataDir ?? DATA_DIR, call.config.name)

const ownerText = (containerId: string, ifname: string): string => `${containerId}\n${ifname}`

/** Reserves an address; the same attachment gets the same one again. */
export async function allocate(call: Invocation): Promise<{ ip: IpConfig; routes?: Route[] }> {
  const { subnet, gateway, routes } = ipamOf(call)
  const folder = folderOf(call)
  await mkdir(folder, { recursive: true })
  const network = new Address4(subnet)
  const first = network.startAddress().bigInt()
  const gatewayAddress = gateway ?? Address4.fromBigInt(first + 1n).address
  const answer = (address: string) => ({
    ip: { address: `${address}/${network.subnetMask}`, gateway: gatewayAddress },
    ...(routes && { routes }),
  })
  const [held] = await heldBy(folder, call.containerId, call.ifname)
  if (held) return answer(held)
  const address = await reserve(folder, network, gatewayAddress, ownerText(call.containerId, call.ifname))
  return answer(address)
}

async function reserve(folder: string, network: Address4, gateway: string, owner: string): Promise<string> {
  const first = network.startAddress().bigInt() + 1n
  const count = network.endAddress().bigInt() - first
  const last = await readFile(join(folder, LAST), 'utf8').catch(() => '')
  const start = Address4.isValid(last.trim()) ? new Address4(last.trim()).bigInt() - first + 1n : 0n
  const taken = new Set(await readdir(folder))
  for (let i = 0n; i < count; i++) {
    const address = Address4.fromBigInt(first + ((start + i + count) % count)).address
    if (address === gateway || taken.has(address)) continue
    if (await createExclusive(join(folder, address), owner)) {
      await writeFile(join(folder, `${LAST}.new`), address)
      await rename(join(folder, `${LAST}.new`), join(folder, LAST)).catch(() => {})
      return address
    }
  }
  throw new CniError(CODES.tryAgain, `no address is left in ${network.address}`)
}

async function createExclusive(path: string, content: string): Promise<boolean> {
  try {
    await writeFile(path, content, { flag: 'wx' })
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  }
}

/** Owners of addresses as they were read, by file: a file's content stays as long as the file. */
const read = new Map<string, string>()

/** All addresses that are given. Who has one is read once: with each Pod there is one file more. */
async function owners(folder: string): Promise<Map<string, string>> {
  const names = await readdir(folder).catch(() => [])
  const addresses = names.filter(name => Address4.isValid(name))
  const there = new Set(addresses.map(name => join(folder, name)))
  for (const path of read.keys()) if (path.startsWith(`${folder}/`) && !there.has(path)) read.delete(path)
  const entries = addresses.map(async name => {
    const path = join(folder, name)
    return [name, read.get(path) ?? (await readOwner(path))] as const
  })
  return new Map(await Promise.all(entries))
}

async function readOwner(path: string): Promise<string> {
  const owner = (await readFile(path, 'utf8').catch(() => '')).trim()
  if (owner) read.set(path, owner)
  return owner
}

/** Addresses of an attachment, each looked at once more: another process may have given it to another one. */
async function heldBy(folder: string, containerId: string, ifname: string): Promise<string[]> {
  const wanted = ownerText(containerId, ifname)
  const known = [...(await owners(folder))].filter(([, owner]) => owner === wanted)
  const checked = known.map(async ([address]) => {
    return (await readOwner(join(folder, address))) === wanted ? [address] : []
  })
  return (await Promise.all(checked)).flat()
}

/** Gives an attachment's address back. */
export async function release(call: Invocation): Promise<void> {
  const folder = folderOf(call)
  const held = await heldBy(folder, call.containerId, call.ifname)
  await Promise.all(held.map(address => rm(join(folder, address), { force: true })))
}

/** Gives back what no valid attachment holds, and files that a crash left empty. */
export async function collect(call: Invocation): Promise<void> {
  const valid = new Set(
    (call.config['cni.dev/valid-attachments'] ?? []).map(({ containerID, ifname }) =>
      ownerText(containerID, ifname),
    ),
  )
  const folder = folderOf(call)
  for (const [address, owner] of await owners(folder)) {
    if (!valid.has(owner)) await rm(join(folder, address), { force: true })
  }
}
