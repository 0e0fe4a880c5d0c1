import type { EventRecorder } from '../../../api/client/event-recorder.ts'
import type { Container, Pod } from '../../../api/kinds/types.ts'
import type { AuthConfig, RuntimeImage, RuntimePlugin } from '../../../plugins/runtime.ts'
import { createBackoff } from './backoff.ts'
import { isValidReference, normalizeReference } from './reference.ts'

/** An image cannot be had now. `reason` is what the container is waiting for. */
export class ImageError extends Error {
  readonly code = 'IMAGE'
  readonly reason:
    | 'ErrImagePull'
    | 'ImagePullBackOff'
    | 'ErrImageNeverPull'
    | 'InvalidImageName'
    | 'ImageInspectError'
  /** Milliseconds after which another try makes sense. */
  readonly retryAfter: number

  constructor(reason: ImageError['reason'], message: string, retryAfter: number) {
    super(message)
    this.reason = reason
    this.retryAfter = retryAfter
  }
}

/** Sees to it that images are there. */
export interface Images {
  /** Resolves with the image when it is on the node. */
  ensure(
    pod: Pod,
    container: Container,
    auth: () => Promise<AuthConfig[]>,
    signal: AbortSignal,
  ): Promise<RuntimeImage>
}

const FIRST_BACKOFF = 10_000
const LONGEST_BACKOFF = 300_000

export function createImages(runtime: RuntimePlugin, recorder: EventRecorder): Images {
  const backoff = createBackoff(FIRST_BACKOFF, LONGEST_BACKOFF)
  const pulls = new Map<string, Promise<string>>()
  /** Everyone who wants the same image waits for the same pull. */
  const pull = (image: string, auths: AuthConfig[]): Promise<string> => {
    const running = pulls.get(image)
    if (running) return running
    const started = pullWithAny(runtime, image, auths).finally(() => pulls.delete(image))
    pulls.set(image, started)
    return started
  }
  return {
    async ensure(pod, container, auth, signal) {
      const image = container.image ?? ''
      const event = eventFor(recorder, pod, container)
      if (!isValidReference(image)) {
        const message = `Failed to apply default image tag "${image}": couldn't parse image name "${image}": invalid reference format`
        event('Warning', 'InspectFailed', message)
        throw new ImageError('InvalidImageName', message, LONGEST_BACKOFF)
      }
      const name = normalizeReference(image)
      const present = await runtime.imageStatus(name)
      const policy = container.imagePullPolicy ?? 'IfNotPresent'
      if (present && policy !== 'Always') {
        event('Normal', 'Pulled', `Container image "${image}" already present on machine`)
        return present
      }
      if (policy === 'Never') {
        const message = `Container image "${image}" is not present with pull policy of Never`
        event('Warning', 'ErrImageNeverPull', message)
        throw new ImageError('ErrImageNeverPull', message, FIRST_BACKOFF)
      }
      const key = `${pod.metadata.uid}/${image}`
      const remaining = backoff.remaining(key)
      if (remaining > 0) {
        event('Normal', 'BackOff', `Back-off pulling image "${image}"`)
        throw new ImageError('ImagePullBackOff', `Back-off pulling image "${image}"`, remaining)
      }
      event('Normal', 'Pulling', `Pulling image "${image}"`)
      const started = Date.now()
      try {
        await pull(name, await auth())
      } catch (error) {
        backoff.fail(key)
        const { message } = error as Error
        event('Warning', 'Failed', `Failed to pull image "${image}": ${message}`)
        event('Warning', 'Failed', 'Error: ErrImagePull')
        throw new ImageError('ErrImagePull', message, backoff.remaining(key))
      }
      signal.throwIfAborted()
      backoff.forget(key)
      const pulled = await runtime.imageStatus(name)
      if (!pulled)
        throw new ImageError('ImageInspectError', `image "${image}" is gone right after it was pulled`, 1_000)
      const seconds = ((Date.now() - started) / 1000).toFixed(3).replace(/0+$/, '').replace(/\.$/, '')
      event(
        'Normal',
        'Pulled',
        `Successfully pulled image "${image}" in ${seconds}s (${seconds}s including waiting). Image size: ${pulled.size} bytes.`,
      )
      return pulled
    },
  }
}

type Event = (type: 'Normal' | 'Warning', reason: string, message: string) => void

function eventFor(recorder: EventRecorder, pod: Pod, { name }: Container): Event {
  const list = pod.spec.containers.some(container => container.name === name)
    ? 'containers'
    : 'initContainers'
  return (type, reason, message) => recorder.event(pod, type, reason, message, `spec.${list}{${name}}`)
}

/** Tries each credential in turn; without any, pulls as anybody. */
async function pullWithAny(runtime: RuntimePlugin, image: string, auths: AuthConfig[]): Promise<string> {
  let last: unknown
  for (const auth of auths.length === 0 ? [undefined] : auths) {
    try {
      return await runtime.pullImage(image, auth)
    } catch (error) {
      last = error
    }
  }
  throw last
}
