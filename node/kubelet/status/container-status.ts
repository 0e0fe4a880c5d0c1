import { readFile, stat } from 'node:fs/promises'
import type { Container, ContainerState, ContainerStatus } from '../../../api/kinds/types.ts'
import { toTime } from '../../../api/meta/time.ts'
import type { RuntimeContainerStatus } from '../../../plugins/runtime.ts'
import { TERMINATION_POLICY } from '../containers/labels.ts'
import type { ProbeState } from '../probes/probe-manager.ts'

/** Why a container is not running now. */
export interface Waiting {
  reason: string
  message?: string
}

const LONGEST_MESSAGE = 4_096
const LONGEST_LOG = 2_048

/** Nanoseconds since the epoch as the API's time; undefined for never. */
const fromNano = (nano: number): string | undefined => (nano > 0 ? toTime(new Date(nano / 1e6)) : undefined)

/** One entry of `status.containerStatuses`. `runs` are the container's runs, newest first. */
export function containerStatus(
  container: Container,
  runs: RuntimeContainerStatus[],
  details: {
    waiting: Waiting | undefined
    probes: ProbeState | undefined
    messages: Map<string, string>
    restarts: number
    scheme: string
  },
): ContainerStatus {
  const [latest, previous] = runs
  const isRunning = latest?.state === 'CONTAINER_RUNNING'
  const isWaiting =
    !isRunning && (details.waiting !== undefined || !latest || latest.state === 'CONTAINER_CREATED')
  const ended = isWaiting && latest?.state === 'CONTAINER_EXITED' ? latest : previous
  const idOf = (run: RuntimeContainerStatus): string => `${details.scheme}://${run.id}`
  const terminated = (run: RuntimeContainerStatus) =>
    terminatedState(run, details.messages.get(run.id), idOf(run))
  const state: ContainerState = isWaiting
    ? { waiting: details.waiting ?? { reason: 'ContainerCreating' } }
    : isRunning
      ? { running: { startedAt: fromNano(latest.startedAt)! } }
      : terminated(latest!)
  const lastState: ContainerState = ended?.state === 'CONTAINER_EXITED' ? terminated(ended) : {}
  return {
    name: container.name,
    state,
    lastState,
    ready:
      isRunning &&
      (details.probes
        ? details.probes.started && details.probes.ready
        : !container.readinessProbe && !container.startupProbe),
    started: isRunning && (details.probes?.started ?? !container.startupProbe),
    restartCount: details.restarts,
    image:
      latest?.image.image && !latest.image.image.startsWith('sha256:')
        ? latest.image.image
        : (container.image ?? ''),
    imageID: latest?.imageRef ?? '',
    ...(latest && { containerID: idOf(latest) }),
  }
}

function terminatedState(
  run: RuntimeContainerStatus,
  message: string | undefined,
  containerID: string,
): ContainerState {
  const text = message || run.message
  const reason = run.reason || (run.exitCode === 0 ? 'Completed' : 'Error')
  return {
    terminated: {
      exitCode: run.exitCode,
      reason,
      ...(text && { message: text }),
      startedAt: fromNano(run.startedAt) ?? null!,
      finishedAt: fromNano(run.finishedAt) ?? null!,
      containerID,
    },
  }
}

/** What a container that ended left as its last words: the file, or by policy the end of its log when it failed. */
export async function terminationMessage(run: RuntimeContainerStatus, file: string): Promise<string> {
  const text = await readEnd(file, LONGEST_MESSAGE)
  if (text || run.exitCode === 0 || run.annotations[TERMINATION_POLICY] !== 'FallbackToLogsOnError')
    return text
  const lines = (await readEnd(run.logPath, LONGEST_LOG * 2)).split('\n')
  const words = lines.map(line => line.replace(/^\S+ \S+ [FP] /, '')).join('\n')
  return words.slice(-LONGEST_LOG)
}

async function readEnd(path: string, bytes: number): Promise<string> {
  const size = (await stat(path).catch(() => undefined))?.size ?? 0
  if (size === 0) return ''
  const content = await readFile(path)
  return content.subarray(Math.max(0, content.length - bytes)).toString()
}
