import { readdir, rm } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import type { RuntimeContainerStatus } from '../../../plugins/runtime.ts'
import { isRunning, type Observed } from '../pods/observe.ts'
import type { PodState } from '../pods/pod-state.ts'

/** Runs kept beside the newest: one, for `kubectl logs --previous`. */
const KEPT = 1

/** Removes what ended long ago: runs of containers before the last two, sandboxes none of these ran in. */
export async function removeOldRuns(state: PodState, observed: Observed): Promise<void> {
  const { runtime } = state.context
  const old: RuntimeContainerStatus[] = []
  const kept = new Set<string>()
  for (const runs of observed.containers.values()) {
    for (const [index, run] of runs.entries()) {
      if (index > KEPT && !isRunning(run)) old.push(run)
      else kept.add(observed.sandboxOf.get(run.id) ?? '')
    }
  }
  await Promise.all(old.map(run => removeRun(state, run)))
  const [, ...earlier] = observed.sandboxes
  const unused = earlier.filter(({ id, state }) => state === 'SANDBOX_NOTREADY' && !kept.has(id))
  for (const { id } of unused) {
    await runtime.stopPodSandbox(id)
    await runtime.removePodSandbox(id)
  }
}

async function removeRun({ context, known, exits }: PodState, run: RuntimeContainerStatus): Promise<void> {
  await context.runtime.removeContainer(run.id)
  known.ended.delete(run.id)
  exits.delete(run.id)
  context.owners.delete(run.id)
  if (run.logPath) await removeLogs(run.logPath)
}

/** A log with what rotation has put beside it. */
async function removeLogs(path: string): Promise<void> {
  const name = basename(path)
  const files = await readdir(dirname(path)).catch(() => [])
  const own = files.filter(file => file === name || file.startsWith(`${name}.`))
  await Promise.all(own.map(file => rm(join(dirname(path), file), { force: true })))
}
