import type { EventRecorder } from '../../../api/client/event-recorder.ts'
import type { Container, Pod } from '../../../api/kinds/types.ts'
import type { AuthConfig, RuntimeImage, RuntimePlugin } from '../../../plugins/runtime.ts'
import { briefGrpcText } from '../containers/grpc-text.ts'
import { containerPath } from '../pods/containers-of.ts'
import { createBackoff } from './backoff.ts'
import { createPulls } from './pulls.ts'
import { checkReference, normalizeReference } from './reference.ts'

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
  /** Resolves with the image when it is on the node. `auth` is asked for only when there is something to pull. */
  ensure(
    pod: Pod,
    container: Container,
    auth: () => Promise<AuthConfig[]>,
    signal: AbortSignal,
  ): Promise<RuntimeImage>
}

const FIRST_BACKOFF = 10_000
const LONGEST_BACKOFF = 300_000
/** A name that cannot be right and an image that is never pulled are looked at again this often (milliseconds). */
const RETRY = 10_000

export function createImages(runtime: RuntimePlugin, recorder: EventRecorder): Images {
  const backoff = createBackoff(FIRST_BACKOFF, LONGEST_BACKOFF)
  const pulls = createPulls(runtime)
  /** What the last pull said, shown while the next one waits; by back-off key. */
  const faults = new Map<string, string>()

  const pull = async (
    request: Request,
    auth: () => Promise<AuthConfig[]>,
    signal: AbortSignal,
  ): Promise<RuntimeImage> => {
    const { image, name, key, event } = request
    const remaining = backoff.remaining(key)
    if (remaining > 0) {
      const message = `Back-off pulling image "${image}"`
      event('Normal', 'BackOff', message)
      const fault = faults.get(key)
      throw new ImageError('ImagePullBackOff', fault ? `${message}: ${fault}` : message, remaining)
    }
    event('Normal', 'Pulling', `Pulling image "${image}"`)
    const started = Date.now()
    try {
      await pulls.pull(name, await auth(), signal)
    } catch (error) {
      signal.throwIfAborted()
      const message = briefGrpcText(error)
      event('Warning', 'Failed', `Failed to pull image "${image}": ${message}`)
      backoff.fail(key)
      faults.set(key, `ErrImagePull: ${message}`)
      throw new ImageError('ErrImagePull', message, backoff.remaining(key))
    }
    backoff.forget(key)
    faults.delete(key)
    const pulled = await runtime.imageStatus(name)
    if (!pulled) throw new ImageError('ImageInspectError', `image "${image}" is gone after its pull`, RETRY)
    event('Normal', 'Pulled', pulledMessage(image, Date.now() - started, pulled.size))
    return pulled
  }

  const ensure: Images['ensure'] = async (pod, container, auth, signal) => {
    const request = requestFor(pod, container, recorder)
    const { image, name, event } = request
    const present = await runtime.imageStatus(name)
    const policy = container.imagePullPolicy ?? 'IfNotPresent'
    if (present && policy !== 'Always') {
      event('Normal', 'Pulled', `Container image "${image}" already present on machine`)
      return present
    }
    if (policy !== 'Never') return pull(request, auth, signal)
    const message = `Container image "${image}" is not present with pull policy of Never`
    event('Warning', 'ErrImageNeverPull', message)
    throw new ImageError('ErrImageNeverPull', message, RETRY)
  }
  return {
    async ensure(pod, container, auth, signal) {
      try {
        return await ensure(pod, container, auth, signal)
      } catch (error) {
        const { reason } = error as ImageError
        if (error instanceof ImageError)
          recorder.event(pod, 'Warning', 'Failed', `Error: ${reason}`, containerPath(pod, container.name))
        throw error
      }
    },
  }
}

interface Request {
  /** As the spec has it, and in full. */
  image: string
  name: string
  /** Of the back-off: one Pod's failures are no other's. */
  key: string
  event(type: 'Normal' | 'Warning', reason: string, message: string): void
}

function requestFor(pod: Pod, container: Container, recorder: EventRecorder): Request {
  const image = container.image ?? ''
  const event: Request['event'] = (type, reason, message) =>
    recorder.event(pod, type, reason, message, containerPath(pod, container.name))
  const fault = checkReference(image)
  if (fault) {
    const message = `Failed to apply default image tag "${image}": couldn't parse image name "${image}": ${fault}`
    event('Warning', 'InspectFailed', message)
    throw new ImageError('InvalidImageName', message, RETRY)
  }
  return { image, name: normalizeReference(image), key: `${pod.metadata.uid}/${image}`, event }
}

function pulledMessage(image: string, milliseconds: number, size: number): string {
  const time = milliseconds < 1000 ? `${milliseconds}ms` : `${milliseconds / 1000}s`
  return `Successfully pulled image "${image}" in ${time} (${time} including waiting). Image size: ${size} bytes.`
}
