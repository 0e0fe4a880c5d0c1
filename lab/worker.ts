import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { stringify } from 'yaml'
import type { Client } from '../api/client/client.ts'
import { nodes } from '../api/kinds/core.ts'
import { CLUSTER_DNS } from './add-ons.ts'
import {
  CONTAINERD_SOCKET,
  cniConfDir,
  containerdService,
  importImage,
  waitForContainerd,
} from './containerd.ts'
import { findMachine, startMachine, stopMachine } from './machine.ts'
import { type LabOptions, type MachineSpec, machineSpecs } from './options.ts'
import { waitFor } from './wait-for.ts'

const SKIFF = fileURLToPath(new URL('../skiff', import.meta.url))
/** Our CNI executables, made at set-up. */
const CNI_BIN_DIR = fileURLToPath(new URL('../dist/cni/bin', import.meta.url))
const NODE_READY_DEADLINE = 60_000

interface WorkerOptions {
  images: string[]
  proxy: 'ipvs' | 'nftables'
}

/** Switches a worker on and imports the images. Returns whether it was off. */
export async function startWorker(
  options: LabOptions,
  spec: MachineSpec,
  { images, proxy }: WorkerOptions,
): Promise<boolean> {
  const wasOff = !(await findMachine(spec))
  await mkdir(spec.dir, { recursive: true })
  const config = join(spec.dir, 'node.yaml')
  await writeFile(config, stringify(nodeConfiguration(options, spec, proxy)))
  const machine = await startMachine(options, spec, [
    { name: 'containerd', command: await containerdService(spec, CNI_BIN_DIR) },
    { name: 'agent', command: [SKIFF, 'agent', '--config', config] },
  ])
  await waitForContainerd(machine)
  for (const image of images) await importImage(machine, image)
  return wasOff
}

function nodeConfiguration(options: LabOptions, spec: MachineSpec, proxy: string): object {
  return {
    apiVersion: 'node.skiff.dev/v1alpha1',
    kind: 'NodeConfiguration',
    nodeName: spec.name,
    nodeAddress: spec.address,
    dataDir: 'agent',
    kubeconfig: 'pki/kubelet.kubeconfig',
    networkKubeconfig: 'pki/network.kubeconfig',
    server: { certFile: 'pki/kubelet.crt', keyFile: 'pki/kubelet.key', clientCAFile: 'pki/ca.crt' },
    clusterDNS: CLUSTER_DNS,
    runtime: { name: options.runtime, config: { socket: CONTAINERD_SOCKET } },
    network: { name: 'vxlan' },
    proxy: { name: proxy },
    cni: { confDir: cniConfDir(spec), binDir: CNI_BIN_DIR },
  }
}

/** Waits until the node says it is ready. */
export async function waitForNode(client: Client, spec: MachineSpec): Promise<void> {
  const isReady = (conditions: { type: string; status: string }[] = []): boolean =>
    conditions.some(({ type, status }) => type === 'Ready' && status === 'True')
  await waitFor(client, nodes, { name: spec.name }, node => isReady(node.status?.conditions), {
    what: `node ${spec.name} to be ready (see ${spec.dir}/log/agent.log)`,
    deadline: NODE_READY_DEADLINE,
  })
}

/** Switches off workers an earlier `up` made that are no longer wanted, and removes their Nodes. */
export async function removeExtraWorkers(options: LabOptions, client: Client): Promise<void> {
  const wanted = new Set(machineSpecs(options).map(({ name }) => name))
  const every = machineSpecs({ ...options, workers: 100 })
  const { items } = await client.list(nodes)
  for (const node of items) {
    const spec = every.find(({ name }) => name === node.metadata.name)
    if (!spec || wanted.has(spec.name)) continue
    await stopMachine(options, spec)
    await client.delete(nodes, { name: spec.name })
  }
}
