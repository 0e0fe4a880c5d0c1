import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { createMachine, type Machine } from './machine.ts'

/** A CNI configuration list as a network plugin gives it. */
export interface Conflist {
  cniVersion: string
  name: string
  plugins: { type: string; capabilities?: Record<string, boolean>; [key: string]: unknown }[]
}

/** A Pod's sandbox, networked. */
export interface Pod extends Machine {
  address: string
}

/** Does what a container runtime does for a Pod's network: a namespace, and ADD of each plugin of the list. */
export async function attachPod(node: Machine, conflist: Conflist, id: string, binDir: string): Promise<Pod> {
  const sandbox = await createMachine(id)
  let prevResult: { ips: { address: string }[] } | undefined
  for (const { capabilities, ...plugin } of conflist.plugins) {
    const runtimeConfig = capabilities?.portMappings ? { runtimeConfig: { portMappings: [] } } : {}
    const { cniVersion, name } = conflist
    const config = { ...plugin, ...runtimeConfig, cniVersion, name, ...(prevResult && { prevResult }) }
    prevResult = await add(node, join(binDir, plugin.type), id, config, binDir)
  }
  return { ...sandbox, address: prevResult!.ips[0]!.address.split('/')[0]! }
}

async function add(node: Machine, program: string, id: string, config: object, binDir: string): Promise<any> {
  const child = spawn('nsenter', [`--net=/run/netns/${node.name}`, program], {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: {
      PATH: process.env.PATH,
      CNI_COMMAND: 'ADD',
      CNI_CONTAINERID: id,
      CNI_NETNS: `/run/netns/${id}`,
      CNI_IFNAME: 'eth0',
      CNI_PATH: binDir,
      // Nobody's: a daemon of this machine's works in another network.
      SKIFF_CNI_SOCKET: '/run/netns/no-daemon',
    },
  })
  child.stdin.on('error', () => {})
  child.stdin.end(JSON.stringify(config))
  const ended = new Promise<number | null>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', resolve)
  })
  const output = await text(child.stdout)
  if ((await ended) !== 0) throw new Error(`CNI ADD by ${program}: ${output}`)
  return JSON.parse(output)
}
