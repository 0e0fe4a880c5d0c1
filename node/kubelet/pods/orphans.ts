import { readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { PodSandbox } from '../../../plugins/runtime.ts'
import { POD_UID } from '../containers/labels.ts'
import { podCgroups, removePodCgroup } from './cgroups.ts'
import type { PodContext } from './context.ts'

/** Milliseconds between two looks, and until a look that failed is repeated. */
const PERIOD = 60_000
const RETRY = 1_000

/**
 * Clears away what no Pod of this node has: sandboxes, volumes, cgroups and logs an earlier agent left, or a call that
 * was given up. At start and then every minute, until the signal aborts.
 */
export function clearOrphans(
  context: PodContext,
  isWanted: (podUid: string) => boolean,
  signal: AbortSignal,
): void {
  let timer: NodeJS.Timeout | undefined
  const look = async (): Promise<void> => {
    let wait = PERIOD
    try {
      await clearOnce(context, isWanted)
    } catch (error) {
      wait = RETRY
      context.log.warn({ error: (error as Error).message }, 'orphans not cleared, trying again')
    }
    if (!signal.aborted) timer = setTimeout(look, wait)
  }
  signal.addEventListener('abort', () => clearTimeout(timer), { once: true })
  void look()
}

async function clearOnce(context: PodContext, isWanted: (podUid: string) => boolean): Promise<void> {
  const { runtime, volumes, logDir } = context
  const sandboxes = (await runtime.listPodSandbox()).filter(({ labels }) =>
    isOrphan(labels[POD_UID], isWanted),
  )
  await Promise.all(sandboxes.map(sandbox => removeSandbox(context, sandbox)))
  const volumesLeft = (await volumes.pods()).filter(uid => isOrphan(uid, isWanted))
  await Promise.all(volumesLeft.map(uid => volumes.unmount(uid)))
  for (const [uid, path] of await podCgroups()) if (isOrphan(uid, isWanted)) await removePodCgroup(path)
  const logs = await readdir(logDir).catch(() => [])
  const logsLeft = logs.filter(name => isOrphan(name.split('_')[2], isWanted))
  await Promise.all(logsLeft.map(name => rm(join(logDir, name), { recursive: true, force: true })))
}

/** What has no Pod's label is not ours. */
const isOrphan = (podUid: string | undefined, isWanted: (podUid: string) => boolean): boolean =>
  Boolean(podUid) && !isWanted(podUid!)

async function removeSandbox({ runtime, log }: PodContext, { id, metadata }: PodSandbox): Promise<void> {
  const pod = `${metadata.namespace}/${metadata.name}`
  log.info({ pod, sandbox: id }, 'removing the sandbox of a Pod that is gone')
  await runtime.stopPodSandbox(id)
  await runtime.removePodSandbox(id)
}
