import { readdir, readFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { nodes } from '../../api/kinds/core.ts'
import { connect } from '../../lab/control-plane.ts'
import { findMachine, type Machine } from '../../lab/machine.ts'
import { type LabOptions, type MachineSpec, machineSpecs } from '../../lab/options.ts'
import { readLab } from '../../lab/state.ts'
import { UserError } from '../failure.ts'
import { formatTable } from '../table.ts'

/** `skiff status`: each machine with its processes, and what the API server says of it. Fails when something is off. */
export async function status({ data }: { data: string }): Promise<void> {
  const options = await readLab(resolve(data))
  if (!options)
    throw new UserError(`there is no cluster in ${resolve(data)}`, 'Run `npm run up` to make one.')
  const api = await describeApi(options)
  const rows = await Promise.all(machineSpecs(options).map(spec => describeMachine(spec, api.nodes)))
  console.log(formatTable([['MACHINE', 'ADDRESS', 'STATE', 'NODE', 'PROCESSES'], ...rows]))
  console.log(`\nAPI server: ${api.state}`)
  if (api.state !== 'ready' || rows.some(([, , state]) => state !== 'on')) {
    throw new UserError('not everything runs', `Run \`skiff up --data ${options.dataDir}\` to mend it.`)
  }
}

interface ApiStatus {
  state: string
  nodes: Map<string, string>
}

async function describeApi(options: LabOptions): Promise<ApiStatus> {
  try {
    const client = await connect(options)
    const { items } = await client.list(nodes)
    client.close()
    const readiness = items.map(node => {
      const ready = node.status?.conditions?.find(({ type }) => type === 'Ready')
      return [node.metadata.name, ready?.status === 'True' ? 'Ready' : 'NotReady'] as const
    })
    return { state: 'ready', nodes: new Map(readiness) }
  } catch (error) {
    return { state: `not ready (${(error as Error).message})`, nodes: new Map() }
  }
}

async function describeMachine(spec: MachineSpec, nodeStates: Map<string, string>): Promise<string[]> {
  const machine = await findMachine(spec)
  const node = spec.role === 'worker' ? (nodeStates.get(spec.name) ?? 'unknown') : '-'
  return [spec.name, spec.address, machine ? 'on' : 'off', node, machine ? await listServices(machine) : '']
}

/** The services PID 1 keeps running, with their PIDs inside the machine. */
async function listServices(machine: Machine): Promise<string> {
  const run = `/proc/${machine.pid}/root/run`
  const services = await readdir(join(machine.dir, 'services')).catch(() => [])
  const words = services.map(async name => {
    const pid = (await readFile(join(run, `${name}.pid`), 'utf8').catch(() => '?')).trim()
    return `${name}(${pid})`
  })
  return (await Promise.all(words)).join(' ')
}
