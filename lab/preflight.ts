import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { Address4 } from 'ip-address'
import { attempt, run } from './command.ts'
import { LabOptionError, type LabOptions } from './options.ts'
import { bridgeName } from './switch.ts'

/** Something this machine lacks, with what to do about it. */
export class PreflightError extends Error {
  readonly code = 'PREFLIGHT'
  readonly hint: string | undefined

  constructor(message: string, hint?: string) {
    super(message)
    this.hint = hint
  }
}

/** Programs the lab runs and the Debian package each comes in. */
const PROGRAMS: Record<string, string> = {
  '/usr/bin/containerd': 'containerd',
  '/usr/sbin/runc': 'runc',
  '/usr/bin/redis-server': 'redis-server',
  '/usr/sbin/nft': 'nftables',
  '/usr/sbin/conntrack': 'conntrack',
  '/usr/bin/nsenter': 'util-linux',
  '/usr/bin/setpriv': 'util-linux',
  '/bin/busybox': 'busybox-static',
  '/usr/bin/gcc': 'gcc',
}

/** What the lab asks of the kernel: the option that brings it and a command that only works with it. */
const KERNEL_FEATURES: [option: string, probe: string][] = [
  ['CONFIG_BRIDGE', 'ip link add skiff-probe type bridge'],
  ['CONFIG_VETH', 'ip link add skiff-probe type veth peer name skiff-peer'],
  ['CONFIG_VXLAN', 'ip link add skiff-probe type vxlan id 1 dstport 8472'],
  ['CONFIG_NF_TABLES', '/usr/sbin/nft add table inet skiff-probe'],
  [
    'CONFIG_NFT_NAT',
    "/usr/sbin/nft 'add table ip p; add chain ip p c { type nat hook prerouting priority 0; }'",
  ],
]

/** Checks everything that would stop the lab halfway. Changes nothing. */
export async function checkHost(options: LabOptions): Promise<void> {
  checkUser()
  checkPrograms()
  await checkKernel()
  await checkSubnet(options)
}

function checkUser(): void {
  if (process.platform !== 'linux')
    throw new PreflightError(`this is ${process.platform}; the lab needs Linux`)
  if (process.getuid?.() !== 0) {
    throw new PreflightError(
      'the lab makes network namespaces and mounts, which only root may',
      'Run it with sudo.',
    )
  }
}

function checkPrograms(): void {
  const missing = Object.keys(PROGRAMS).filter(path => !existsSync(path))
  if (missing.length === 0) return
  const packages = [...new Set(missing.map(path => PROGRAMS[path]))].join(' ')
  throw new PreflightError(`missing: ${missing.join(', ')}`, `Install them: apt-get install ${packages}`)
}

async function checkKernel(): Promise<void> {
  const script = KERNEL_FEATURES.map(
    ([option, probe]) =>
      `${probe} >/dev/null 2>&1 || echo ${option}; ip link delete skiff-probe >/dev/null 2>&1`,
  )
  const missing = (await run('unshare', ['-n', 'sh', '-c', `${script.join('\n')}\ntrue`]))
    .split('\n')
    .filter(Boolean)
  const filesystems = await readFile('/proc/filesystems', 'utf8')
  if (!filesystems.includes('\toverlay\n') && !(await attempt('modprobe', ['overlay'])))
    missing.push('CONFIG_OVERLAY_FS')
  if (missing.length > 0) {
    throw new PreflightError(
      `the running kernel lacks ${missing.join(', ')}`,
      'Load the modules (modprobe bridge veth vxlan nf_tables overlay) or boot a kernel that has them.',
    )
  }
}

/** The lab's network must not be one this machine has already. */
async function checkSubnet({ name, subnet }: LabOptions): Promise<void> {
  const wanted = new Address4(subnet)
  const routes: { dst: string; dev?: string }[] = JSON.parse(
    await run('ip', ['-j', 'route', 'show', 'table', 'main']),
  )
  const taken = routes.find(
    ({ dst, dev }) => dev !== bridgeName(name) && dst !== 'default' && overlaps(wanted, dst),
  )
  if (taken) {
    throw new LabOptionError(
      `--subnet ${subnet} is occupied: ${taken.dev ?? 'this machine'} has a route to ${taken.dst}; choose another, e.g. --subnet 172.31.77.0/24`,
    )
  }
}

function overlaps(a: Address4, text: string): boolean {
  if (!Address4.isValid(text)) return false
  const b = new Address4(text)
  return a.isInSubnet(b) || b.isInSubnet(a)
}

/** What the IPVS backend asks of the kernel; tried in a namespace of its own. */
const IPVS_PROBE = [
  'ip link add skiff-probe type dummy',
  '/usr/sbin/iptables-legacy -t nat -A POSTROUTING -m ipvs --ipvs -j MASQUERADE',
  'test -e /proc/net/ip_vs',
].join(' && ')

/** True where the kernel can balance with IPVS (built in, or as modules that load). */
export async function kernelHasIpvs(): Promise<boolean> {
  for (const name of ['ip_vs', 'ip_vs_rr', 'xt_ipvs', 'dummy']) await attempt('modprobe', [name])
  return attempt('unshare', ['-n', 'sh', '-c', IPVS_PROBE])
}
