import { attempt, run } from './command.ts'
import { gatewayAddress, type LabOptions, type MachineSpec } from './options.ts'

/**
 * The lab's network on the host: one bridge the machines are plugged into, and masquerading so that they reach what the
 * host reaches. All of it carries the lab's name and is taken back by {@link removeSwitch}.
 */
export const bridgeName = (lab: string): string => `${lab}0`

const tableName = (lab: string): string => `${lab}-lab`
const linkName = (lab: string, machine: MachineSpec): string =>
  machine.role === 'control-plane' ? `${lab}-cp` : `${lab}-w${machine.name.split('-')[1]}`

export async function createSwitch(options: LabOptions): Promise<void> {
  const bridge = bridgeName(options.name)
  if (!(await attempt('ip', ['link', 'show', bridge]))) {
    await run('ip', ['link', 'add', bridge, 'alias', `skiff lab ${options.name}`, 'type', 'bridge'])
  }
  await run('ip', ['address', 'replace', `${gatewayAddress(options)}/24`, 'dev', bridge])
  await run('ip', ['link', 'set', bridge, 'up'])
  await run('/usr/sbin/nft', ['-f', '-'], { input: masqueradeRules(options) })
}

/** Replaces the table in one transaction; other tables are never touched. */
function masqueradeRules({ name, subnet }: LabOptions): string {
  const table = `ip ${tableName(name)}`
  return `add table ${table}
delete table ${table}
table ${table} {
  chain postrouting {
    type nat hook postrouting priority srcnat;
    ip saddr ${subnet} oifname != "${bridgeName(name)}" masquerade
  }
}
`
}

/** Plugs a machine in: its end of the pair becomes `eth0` with the machine's address and a default route. */
export async function plugIn(options: LabOptions, machine: MachineSpec, pid: number): Promise<void> {
  const outer = linkName(options.name, machine)
  await attempt('ip', ['link', 'delete', outer])
  const peer = ['peer', 'name', 'eth0', 'netns', String(pid)]
  await run('ip', ['link', 'add', outer, 'type', 'veth', ...peer])
  await run('ip', [
    'link',
    'set',
    outer,
    'alias',
    `skiff lab ${options.name}`,
    'master',
    bridgeName(options.name),
    'up',
  ])
  const commands = [
    `address replace ${machine.address}/24 dev eth0`,
    'link set eth0 up',
    `route replace default via ${gatewayAddress(options)}`,
  ]
  await run('nsenter', ['-t', String(pid), '-n', 'ip', '-batch', '-'], { input: commands.join('\n') })
}

/** Takes the bridge, links and rules back. Succeeds when there are none. */
export async function removeSwitch(options: LabOptions, machines: MachineSpec[]): Promise<void> {
  await Promise.all(
    machines.map(machine => attempt('ip', ['link', 'delete', linkName(options.name, machine)])),
  )
  await attempt('ip', ['link', 'delete', bridgeName(options.name)])
  await attempt('/usr/sbin/nft', ['delete', 'table', 'ip', tableName(options.name)])
}
