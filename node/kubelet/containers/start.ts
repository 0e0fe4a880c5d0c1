import { mkdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { Container, Pod } from '../../../api/kinds/types.ts'
import type { AuthConfig, ContainerConfig, RuntimeImage } from '../../../plugins/runtime.ts'
import type { MountedVolume } from '../../../plugins/volume.ts'
import { containerEnvironment } from '../env/environment.ts'
import { pullSecrets } from '../images/pull-secrets.ts'
import { containerPath, containerType } from '../pods/containers-of.ts'
import type { PodContext } from '../pods/context.ts'
import { type PodState, type ReadySandbox, unlessLeaving } from '../pods/pod-state.ts'
import { runtimeHandler } from '../pods/runtime-class.ts'
import { ContainerConfigError, containerConfig, type ImageUser } from './config.ts'
import { briefGrpcText } from './grpc-text.ts'
import { runHook } from './hooks.ts'

/** A container could not be made or started; `reason` is what it is waiting for. */
export class StartError extends Error {
  readonly code = 'START_CONTAINER'
  readonly reason:
    | 'CreateContainerConfigError'
    | 'CreateContainerError'
    | 'RunContainerError'
    | 'PostStartHookError'

  constructor(reason: StartError['reason'], message: string, options?: ErrorOptions) {
    super(message, options)
    this.reason = reason
  }
}

/** What a container is started with. */
export interface StartInputs {
  sandbox: ReadySandbox
  volumes: Map<string, MountedVolume>
  restartCount: number
}

/** Fetches a container's image, if need be. */
export async function ensureImage(
  context: PodContext,
  pod: Pod,
  container: Container,
  signal: AbortSignal,
): Promise<RuntimeImage> {
  const auth = (): Promise<AuthConfig[]> => pullSecrets(pod, container.image ?? '', context.objects)
  // A RuntimeClass that is not there is told by the sandbox that cannot be made.
  const handler = await runtimeHandler(context.client, pod).catch(() => '')
  return context.imagesOf(handler).ensure(pod, container, auth, signal)
}

/** Makes and starts a container whose image is there. Resolves when it runs and its postStart hook is done. */
export async function startContainer(
  state: PodState,
  container: Container,
  image: RuntimeImage,
  inputs: StartInputs,
): Promise<void> {
  const { context, pod } = state
  const { runtime, recorder, owners, metrics } = context
  const type = containerType(pod, container)
  const { sandbox } = inputs
  const fieldPath = containerPath(pod, container.name)
  const fail = (reason: StartError['reason'], cause: unknown): never => {
    const message = briefGrpcText(cause)
    recorder.event(pod, 'Warning', 'Failed', `Error: ${message}`, fieldPath)
    metrics.containerStarted(type, { reason })
    throw new StartError(reason, message, { cause })
  }
  const config = await makeConfig(context, pod, container, image, inputs).catch(error =>
    error instanceof ContainerConfigError ? fail('CreateContainerConfigError', error) : Promise.reject(error),
  )
  const id = await runtime
    .createContainer(sandbox.id, config, sandbox.config)
    .catch(error => fail('CreateContainerError', error))
  owners.set(id, state)
  recorder.event(pod, 'Normal', 'Created', `Created container: ${container.name}`, fieldPath)
  await runtime.startContainer(id).catch(error => fail('RunContainerError', error))
  metrics.containerStarted(type)
  state.applied.set(container.name, container.resources ?? {})
  recorder.event(pod, 'Normal', 'Started', `Started container ${container.name}`, fieldPath)
  await runPostStart(state, container, id, sandbox)
}

/** A container whose postStart hook fails is ended and, by its restart policy, started again. */
async function runPostStart(
  state: PodState,
  container: Container,
  containerId: string,
  { podIPs }: ReadySandbox,
): Promise<void> {
  const hook = container.lifecycle?.postStart
  if (!hook) return
  const { runtime, recorder } = state.context
  const target = { runtime, containerId, container, podIP: podIPs[0] ?? '' }
  try {
    await unlessLeaving(state, runHook(hook, target))
  } catch (cause) {
    state.leaving.signal.throwIfAborted()
    const { message } = cause as Error
    const path = containerPath(state.pod, container.name)
    recorder.event(state.pod, 'Warning', 'FailedPostStartHook', 'PostStartHook failed', path)
    recorder.event(state.pod, 'Normal', 'Killing', 'FailedPostStartHook', path)
    await runtime.stopContainer(containerId, state.pod.spec.terminationGracePeriodSeconds ?? 30)
    throw new StartError('PostStartHookError', message, { cause })
  }
}

async function makeConfig(
  context: PodContext,
  pod: Pod,
  container: Container,
  image: RuntimeImage,
  { sandbox, volumes, restartCount }: StartInputs,
): Promise<ContainerConfig> {
  const { objects, services, memoryCapacity } = context
  const { podIPs } = sandbox
  await services.synced()
  const environment = await containerEnvironment(pod, container, {
    configMap: async (namespace, name) => toText(await objects.configMap(namespace, name)),
    secret: async (namespace, name) => toText(await objects.secret(namespace, name)),
    services: () => services.list(),
    facts: context.facts(pod, podIPs),
  })
  const mounts = await context.volumes.mounts(pod, container, volumes, {
    podIP: podIPs[0] ?? '',
    environment,
  })
  const config = containerConfig(pod, container, {
    imageRef: image.id,
    environment,
    mounts,
    restartCount,
    imageUser: userOf(image),
    memoryCapacity,
  })
  await mkdir(join(sandbox.config.logDirectory, dirname(config.logPath)), { recursive: true })
  return config
}

const userOf = ({ uid, username }: RuntimeImage): ImageUser => ({
  ...(uid && { uid: uid.value }),
  ...(username && { username }),
})

const toText = (data: Record<string, Buffer> | undefined): Record<string, string> | undefined =>
  data && Object.fromEntries(Object.entries(data).map(([key, value]) => [key, value.toString()]))
