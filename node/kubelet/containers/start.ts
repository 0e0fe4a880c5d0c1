import type { Container, Pod } from '../../../api/kinds/types.ts'
import type { AuthConfig, PodSandboxConfig, RuntimeImage } from '../../../plugins/runtime.ts'
import type { MountedVolume } from '../../../plugins/volume.ts'
import { containerEnvironment } from '../env/environment.ts'
import { pullSecrets } from '../images/pull-secrets.ts'
import type { PodContext } from '../pods/context.ts'
import { ContainerConfigError, containerConfig } from './config.ts'
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

/** What is known of a Pod once its sandbox stands. */
export interface StartInputs {
  sandboxId: string
  sandbox: PodSandboxConfig
  podIPs: string[]
  volumes: Map<string, MountedVolume>
  restartCount: number
}

/** Fetches a container's image, if need be. */
export function ensureImage(
  context: PodContext,
  pod: Pod,
  container: Container,
  signal: AbortSignal,
): Promise<RuntimeImage> {
  const auth = (): Promise<AuthConfig[]> => pullSecrets(pod, container.image ?? '', context.objects)
  return context.images.ensure(pod, container, auth, signal)
}

/** Makes and starts a container whose image is there. Resolves when it runs and its postStart hook is done. */
export async function startContainer(
  context: PodContext,
  pod: Pod,
  container: Container,
  image: RuntimeImage,
  inputs: StartInputs,
): Promise<void> {
  const { runtime, recorder } = context
  const list = pod.spec.containers.includes(container) ? 'containers' : 'initContainers'
  const fieldPath = `spec.${list}{${container.name}}`
  const fail = (reason: StartError['reason'], cause: unknown): never => {
    const { message } = cause as Error
    recorder.event(pod, 'Warning', 'Failed', `Error: ${message}`, fieldPath)
    throw new StartError(reason, message, { cause })
  }
  const config = await makeConfig(context, pod, container, image, inputs).catch(error =>
    fail(
      error instanceof ContainerConfigError ? 'CreateContainerConfigError' : 'CreateContainerError',
      error,
    ),
  )
  const id = await runtime
    .createContainer(inputs.sandboxId, config, inputs.sandbox)
    .catch(error => fail('CreateContainerError', error))
  recorder.event(pod, 'Normal', 'Created', `Created container: ${container.name}`, fieldPath)
  await runtime.startContainer(id).catch(error => fail('RunContainerError', error))
  recorder.event(pod, 'Normal', 'Started', `Started container ${container.name}`, fieldPath)
  const hook = container.lifecycle?.postStart
  if (!hook) return
  await runHook(hook, { runtime, containerId: id, container, podIP: inputs.podIPs[0] ?? '' }).catch(
    async error => {
      recorder.event(
        pod,
        'Warning',
        'FailedPostStartHook',
        `PostStartHook failed: ${error.message}`,
        fieldPath,
      )
      await runtime.stopContainer(id, pod.spec.terminationGracePeriodSeconds ?? 30)
      throw new StartError('PostStartHookError', error.message, { cause: error })
    },
  )
}

async function makeConfig(
  context: PodContext,
  pod: Pod,
  container: Container,
  image: RuntimeImage,
  { podIPs, volumes, restartCount }: StartInputs,
) {
  const { objects, services } = context
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
  const imageUser = {
    ...(image.uid && { uid: image.uid.value }),
    ...(image.username && { username: image.username }),
  }
  return containerConfig(pod, container, { imageRef: image.id, environment, mounts, restartCount, imageUser })
}

const toText = (data: Record<string, Buffer> | undefined): Record<string, string> | undefined =>
  data && Object.fromEntries(Object.entries(data).map(([key, value]) => [key, value.toString()]))
