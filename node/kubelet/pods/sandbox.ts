import { mkdirSync } from 'node:fs'
import { grpcText } from '../containers/grpc-text.ts'
import { createPodCgroup } from './cgroups.ts'
import { podLogDir } from './context.ts'
import { type Observed, readySandbox } from './observe.ts'
import { type PodState, podIPsOf, type ReadySandbox } from './pod-state.ts'
import { runtimeHandler } from './runtime-class.ts'
import { sandboxConfig } from './sandbox-config.ts'

/** The runtime could not make the Pod's namespaces or network; the event is written. */
export class SandboxError extends Error {
  readonly code = 'SANDBOX'
}

/** The sandbox containers are started in: the one there, the one being made, or a new one. */
export function ensureSandbox(state: PodState, observed: Observed): Promise<ReadySandbox> {
  if (state.sandbox) return state.sandbox.made
  const made = readySandbox(observed)
    ? Promise.resolve(describeSandbox(state, observed))
    : createSandbox(state, observed)
  const entry: NonNullable<PodState['sandbox']> = { made }
  state.sandbox = entry
  made.then(
    ({ id }) => {
      entry.id = id
    },
    () => {
      state.sandbox = undefined
    },
  )
  return made
}

/** Forgets a sandbox that is ready no more, so that the next start makes another. */
export function forgetLostSandbox(state: PodState, observed: Observed): void {
  const id = state.sandbox?.id
  if (id && readySandbox(observed)?.id !== id) state.sandbox = undefined
}

function describeSandbox(state: PodState, observed: Observed): ReadySandbox {
  const sandbox = readySandbox(observed)!
  const config = configOf(state, sandbox.metadata.attempt)
  return { id: sandbox.id, podIPs: podIPsOf(state, observed), config }
}

const configOf = ({ pod, context }: PodState, attempt: number) =>
  sandboxConfig(pod, attempt, podLogDir(context, pod), context.dns)

async function createSandbox(state: PodState, observed: Observed): Promise<ReadySandbox> {
  const { context, pod } = state
  const { runtime, recorder } = context
  state.leaving.signal.throwIfAborted()
  const last = observed.sandboxes[0]
  if (last) {
    await Promise.all(observed.sandboxes.map(({ id }) => runtime.stopPodSandbox(id)))
    recorder.event(pod, 'Normal', 'SandboxChanged', 'Pod sandbox changed, it will be killed and re-created.')
  }
  const config = configOf(state, last ? last.metadata.attempt + 1 : 0)
  createPodCgroup(pod)
  mkdirSync(config.logDirectory, { recursive: true })
  const fail = (cause: Error, text: string): never => {
    const message = `Failed to create pod sandbox: ${text}`
    recorder.event(pod, 'Warning', 'FailedCreatePodSandBox', message)
    context.metrics.podStarted(cause)
    throw new SandboxError(message, { cause })
  }
  const handler = await runtimeHandler(context.client, pod).catch(cause => fail(cause, cause.message))
  const id = await runtime.runPodSandbox(config, handler).catch(cause => fail(cause, grpcText(cause)))
  context.metrics.podStarted()
  context.owners.set(id, state)
  const status = await runtime.podSandboxStatus(id)
  if (status.network?.ip) state.known.addresses.set(id, status.network)
  return { id, podIPs: podIPsOf(state, { ...observed, sandboxes: [status] }), config }
}
