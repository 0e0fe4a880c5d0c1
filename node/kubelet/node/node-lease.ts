import type { Client } from '../../../api/client/client.ts'
import { leases } from '../../../api/kinds/coordination.ts'
import { nodes } from '../../../api/kinds/core.ts'
import { isNotFound } from '../../../api/meta/status.ts'
import { nowMicro } from '../../../api/meta/time.ts'
import type { Logger } from '../../../plugins/plugin.ts'

export const LEASE_NAMESPACE = 'kube-node-lease'
const DURATION_SECONDS = 40
const RENEW = 10_000
const RETRY = 1_000

interface NodeLeaseOptions {
  client: Client
  nodeName: string
  log: Logger
  signal: AbortSignal
}

/** Renews the node's Lease every ten seconds: the cheap sign of life the node controller looks for. */
export function keepLease(options: NodeLeaseOptions): void {
  const { signal, log } = options
  let timer: NodeJS.Timeout | undefined
  const renew = async (): Promise<void> => {
    let wait = RENEW
    try {
      await renewLease(options)
    } catch (error) {
      wait = RETRY
      log.debug({ error: (error as Error).message }, 'node lease not renewed, trying again')
    }
    if (!signal.aborted) timer = setTimeout(renew, wait)
  }
  signal.addEventListener('abort', () => clearTimeout(timer), { once: true })
  void renew()
}

async function renewLease({ client, nodeName }: NodeLeaseOptions): Promise<void> {
  const spec = { holderIdentity: nodeName, leaseDurationSeconds: DURATION_SECONDS, renewTime: nowMicro() }
  try {
    await client.patch(
      leases,
      { namespace: LEASE_NAMESPACE, name: nodeName },
      { type: 'merge', body: { spec } },
    )
  } catch (error) {
    if (!isNotFound(error)) throw error
    await createLease(client, nodeName, spec)
  }
}

/** The Node owns it, so that both go together. */
async function createLease(client: Client, name: string, spec: object): Promise<void> {
  const { metadata } = await client.get(nodes, { name })
  const owner = { apiVersion: 'v1', kind: 'Node', name, uid: metadata.uid! }
  await client.create(leases, {
    apiVersion: 'coordination.k8s.io/v1',
    kind: 'Lease',
    metadata: { name, namespace: LEASE_NAMESPACE, ownerReferences: [owner] },
    spec,
  } as never)
}
