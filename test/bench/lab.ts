import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Client } from '../../api/client/client.ts'
import { serviceAccounts } from '../../api/kinds/core.ts'
import { takeDown } from '../../lab/down.ts'
import { LAB_DEFAULTS, type LabOptions } from '../../lab/options.ts'
import { type UpContext, upSteps } from '../../lab/up.ts'
import { waitFor } from '../../lab/wait-for.ts'

/** A cluster that belongs to one bench. */
export interface BenchLab {
  options: LabOptions
  client: Client
}

/** Options of a lab beside the user's own: its name, network and files are the benches'. */
export async function benchLabOptions(): Promise<LabOptions> {
  const dataDir = await mkdtemp(join(tmpdir(), 'skiff-bench-'))
  const kubeconfig = join(dataDir, 'admin.kubeconfig')
  return { ...LAB_DEFAULTS, name: 'bench', dataDir, subnet: '172.31.77.0/24', kubeconfig, demo: false }
}

/** Brings a lab of two workers up, does the work, and takes the lab back, also when interrupted. */
export async function withLab(work: (lab: BenchLab) => Promise<void>): Promise<void> {
  const options = await benchLabOptions()
  await takingBack(options, async () => {
    const client = await bringUp(options)
    await work({ options, client }).finally(() => client.close())
  })
}

/** Does the work, and takes back whatever lab it left, also when it is interrupted. */
export async function takingBack(options: LabOptions, work: () => Promise<void>): Promise<void> {
  const interrupt = (): void => void takeBack(options).finally(() => process.exit(130))
  process.once('SIGINT', interrupt).once('SIGTERM', interrupt)
  try {
    await work()
  } finally {
    await takeBack(options)
    process.off('SIGINT', interrupt).off('SIGTERM', interrupt)
  }
}

async function takeBack({ dataDir }: LabOptions): Promise<void> {
  await takeDown(dataDir, false)
  await rm(dataDir, { recursive: true, force: true })
}

async function bringUp(options: LabOptions): Promise<Client> {
  const context: UpContext = { options, proxy: 'nftables', images: [] }
  for (const step of upSteps) {
    if (step.enabled?.(context) ?? true) await step.run(context)
  }
  const client = context.client!
  await waitForServiceAccount(client)
  return client
}

/** Pods are refused until their ServiceAccount is there. */
async function waitForServiceAccount(client: Client): Promise<void> {
  const name = { name: 'default', namespace: 'default' }
  await waitFor(client, serviceAccounts, name, () => true, {
    what: 'ServiceAccount default',
    deadline: 30_000,
  })
}
