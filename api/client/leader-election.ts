import { leases } from '../kinds/coordination.ts'
import type { Lease } from '../kinds/types.ts'
import { isAlreadyExists, isConflict, isNotFound } from '../meta/status.ts'
import { nowMicro } from '../meta/time.ts'
import type { Client, ObjectName } from './client.ts'
import { pause } from './pause.ts'

/** Times in milliseconds. */
export interface LeaderElectionTimes {
  /** Others wait so long after the last renewal they saw. */
  lease: number
  /** A leader that could not renew for so long gives up. */
  renew: number
  retry: number
}

export interface LeaderElectionOptions {
  client: Client
  /** The Lease that is fought for. */
  lease: ObjectName
  /** Who we are. One that is the same after a restart takes its own lease back at once. */
  identity: string
  times?: LeaderElectionTimes
  signal: AbortSignal
}

/** Lost the lease: somebody else may be leading now. */
export class LeadershipLostError extends Error {
  readonly code = 'LEADERSHIP_LOST'
}

const TIMES: LeaderElectionTimes = { lease: 15_000, renew: 10_000, retry: 2_000 }

/**
 * Waits to become the leader, then runs `lead` with a signal that aborts when leadership ends. Gives the lease back when
 * `lead` ends or the signal aborts. Ages are counted from when a renewal was seen, by our own clock (client-go's rules).
 * @throws LeadershipLostError when the lease could not be renewed in time
 */
export async function runLeaderElection(
  options: LeaderElectionOptions,
  lead: (signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const { signal, times = TIMES } = options
  const election = createElection(options)
  while (!(await election.tryToLead())) {
    if (signal.aborted) return
    await pause(times.retry * (1 + Math.random() / 5), signal)
  }
  const leading = new AbortController()
  const stop = (): void => leading.abort(signal.reason)
  signal.addEventListener('abort', stop, { once: true })
  try {
    const lost = renewUntilLost(election.tryToLead, times, leading)
    await Promise.race([lead(leading.signal), lost])
  } finally {
    stop()
    signal.removeEventListener('abort', stop)
    await election.release()
  }
}

/** Ends without an error when leading ends. */
async function renewUntilLost(
  tryToLead: () => Promise<boolean>,
  times: LeaderElectionTimes,
  leading: AbortController,
): Promise<void> {
  let renewedAt = Date.now()
  while (!leading.signal.aborted) {
    await pause(times.retry, leading.signal)
    if (leading.signal.aborted) return
    if (await tryToLead()) renewedAt = Date.now()
    else if (Date.now() - renewedAt > times.renew) {
      const error = new LeadershipLostError('the lease could not be renewed in time')
      leading.abort(error)
      throw error
    }
  }
}

interface Election {
  /** Takes or renews the lease. False when somebody else has it or the server could not be asked. */
  tryToLead(): Promise<boolean>
  release(): Promise<void>
}

function createElection({ client, lease: name, identity, times = TIMES }: LeaderElectionOptions): Election {
  let seen: { renewTime: string | undefined; at: number } | undefined
  let held: Lease | undefined

  const isOurs = (lease: Lease): boolean => lease.spec?.holderIdentity === identity
  function isTaken(lease: Lease): boolean {
    const { holderIdentity, renewTime } = lease.spec ?? {}
    if (!holderIdentity || isOurs(lease)) return false
    if (seen?.renewTime !== renewTime) seen = { renewTime, at: Date.now() }
    return Date.now() - seen!.at < (lease.spec?.leaseDurationSeconds ?? times.lease / 1000) * 1000
  }
  function nextSpec(lease: Lease | undefined): Lease['spec'] {
    const time = nowMicro()
    const before = lease?.spec
    const isStill = lease && isOurs(lease)
    return {
      holderIdentity: identity,
      leaseDurationSeconds: Math.max(1, Math.round(times.lease / 1000)),
      renewTime: time,
      acquireTime: (isStill && before?.acquireTime) || time,
      leaseTransitions: (before?.leaseTransitions ?? 0) + (lease && !isStill ? 1 : 0),
    }
  }
  async function take(): Promise<Lease | undefined> {
    const there = await client.get(leases, name).catch(error => {
      if (!isNotFound(error)) throw error
    })
    if (!there) {
      return client.create(leases, {
        apiVersion: 'coordination.k8s.io/v1',
        kind: 'Lease',
        metadata: { name: name.name, namespace: name.namespace! },
        spec: nextSpec(undefined),
      } as Lease)
    }
    return isTaken(there) ? undefined : client.update(leases, { ...there, spec: nextSpec(there) })
  }
  return {
    async tryToLead() {
      try {
        // The holder need not read what only it writes: one request a renewal.
        held = await (held ? client.update(leases, { ...held, spec: nextSpec(held) }) : take())
        return held !== undefined
      } catch (error) {
        if (isConflict(error) || isAlreadyExists(error) || isNotFound(error)) held = undefined
        return false
      }
    },
    async release() {
      if (!held) return
      const spec = { ...nextSpec(held), holderIdentity: '', leaseDurationSeconds: 1 }
      await client.update(leases, { ...held, spec } as Lease).catch(() => {})
      held = undefined
    },
  }
}
