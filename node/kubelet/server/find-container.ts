import type { Informer } from '../../../api/client/client.ts'
import type { Pod } from '../../../api/kinds/types.ts'
import type { RuntimeContainerStatus, RuntimePlugin } from '../../../plugins/runtime.ts'
import { latestRun, observe } from '../pods/observe.ts'

/** A request the kubelet's server refuses: an HTTP status and a plain-text message. */
export class RequestError extends Error {
  readonly code = 'KUBELET_REQUEST'
  readonly status: number

  constructor(status: number, message: string) {
    super(message)
    this.status = status
  }
}

/** The Pod a path names. */
export function findPod(pods: Informer<Pod>, namespace: string, name: string): Pod {
  const pod = pods.get(`${namespace}/${name}`)
  if (!pod) throw new RequestError(404, `pod "${name}" not found in namespace "${namespace}"`)
  return pod
}

/** The latest run of a container (or the one before). */
export async function findRun(
  runtime: RuntimePlugin,
  pod: Pod,
  name: string,
  previous = false,
): Promise<RuntimeContainerStatus> {
  const all = [
    ...pod.spec.containers,
    ...(pod.spec.initContainers ?? []),
    ...(pod.spec.ephemeralContainers ?? []),
  ]
  const where = `pod "${pod.metadata.name}"`
  if (!all.some(container => container.name === name)) {
    throw new RequestError(400, `container ${name} is not valid for pod ${pod.metadata.name}`)
  }
  const observed = await observe(runtime, pod)
  const run = previous ? observed.containers.get(name)?.[1] : latestRun(observed, name)
  if (run) return run
  if (previous) throw new RequestError(400, `previous terminated container "${name}" in ${where} not found`)
  throw new RequestError(
    400,
    `container "${name}" in ${where} is waiting to start: ${waitingReason(pod, name)}`,
  )
}

/** The run a command can be executed in. */
export async function findRunning(
  runtime: RuntimePlugin,
  pod: Pod,
  name: string,
): Promise<RuntimeContainerStatus> {
  const run = await findRun(runtime, pod, name)
  if (run.state === 'CONTAINER_RUNNING') return run
  throw new RequestError(500, `container not found ("${name}")`)
}

function waitingReason({ status }: Pod, name: string): string {
  const all = [...(status?.containerStatuses ?? []), ...(status?.initContainerStatuses ?? [])]
  return all.find(container => container.name === name)?.state?.waiting?.reason ?? 'ContainerCreating'
}
