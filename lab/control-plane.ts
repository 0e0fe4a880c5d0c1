import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import type { Client } from '../api/client/client.ts'
import { loadKubeconfig } from '../api/client/kubeconfig.ts'
import { createClient } from '../api/client/rest-client.ts'
import { findMachine, startMachine } from './machine.ts'
import type { LabOptions, MachineSpec } from './options.ts'
import { dataDirs } from './state.ts'

const SKIFF = fileURLToPath(new URL('../skiff', import.meta.url))
/** For a server that is busy with its start (milliseconds). */
export const READY_DEADLINE = 30_000
/** A server that comes up just now may never answer what it was asked too early. */
const ATTEMPT_DEADLINE = 2_000

/** Switches the control plane on and waits until it is ready. Returns whether it was off. */
export async function startControlPlane(options: LabOptions, spec: MachineSpec): Promise<boolean> {
  const wasOff = !(await findMachine(spec))
  const command = [SKIFF, 'server', '--data', dataDirs(options).server, '--advertise', spec.address]
  await startMachine(options, spec, [{ name: 'server', command }])
  await waitForApiServer(options, spec)
  return wasOff
}

async function waitForApiServer(options: LabOptions, spec: MachineSpec): Promise<void> {
  const deadline = Date.now() + READY_DEADLINE
  while (true) {
    const failure = await connect(options).then(
      () => undefined,
      error => error as Error,
    )
    if (!failure) return
    if (Date.now() > deadline) {
      throw new Error(`the API server is not ready: ${failure.message}; see ${spec.dir}/log/server.log`)
    }
    await sleep(50)
  }
}

/** A client of the lab's API server as its admin; rejects when the server is not ready, or says nothing for so long. */
export async function connect(options: LabOptions, milliseconds = ATTEMPT_DEADLINE): Promise<Client> {
  const client = createClient(await loadKubeconfig(options.kubeconfig))
  await client
    .request('GET', '/readyz', undefined, { signal: AbortSignal.timeout(milliseconds) })
    .catch(error => {
      client.close()
      throw error
    })
  return client
}
