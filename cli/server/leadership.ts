import { randomUUID } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'
import type { Client } from '../../api/client/client.ts'
import { runLeaderElection } from '../../api/client/leader-election.ts'
import type { CompleteServerOptions } from './options.ts'

const NAMESPACE = 'kube-system'

/**
 * Waits until no other instance of the same part leads, then runs `work` for as long as this one does.
 * @throws LeadershipLostError when another instance may have taken over: end the process, and start over
 */
export async function workAsLeader(
  name: 'kube-controller-manager' | 'kube-scheduler',
  client: Client,
  options: CompleteServerOptions,
  signal: AbortSignal,
  work: (leading: AbortSignal) => Promise<void>,
): Promise<void> {
  const identity = `${hostname()}_${await instanceId(options.data)}`
  const times = {
    lease: options.leaderElectLeaseDuration * 1000,
    renew: options.leaderElectRenewDeadline * 1000,
    retry: options.leaderElectRetryPeriod * 1000,
  }
  await runLeaderElection({ client, lease: { name, namespace: NAMESPACE }, identity, times, signal }, work)
}

/** The same after every start on the same data: who was killed need not wait for its own lease to run out. */
async function instanceId(data: string): Promise<string> {
  const file = join(data, 'instance-id')
  const read = (): Promise<string> => readFile(file, 'utf8')
  return read().catch(async () => {
    // Of two parts that start at the same time one writes, and both take that.
    await writeFile(file, randomUUID(), { flag: 'wx' }).catch(() => {})
    return read()
  })
}
