import type { RuntimePlugin } from '../../../plugins/runtime.ts'
import type { KubeletMetrics } from './metrics.ts'

/** Names of the operations, as metrics have them; what is not here is not measured. */
const OPERATIONS: Partial<Record<keyof RuntimePlugin, string>> = {
  version: 'version',
  status: 'status',
  runPodSandbox: 'run_podsandbox',
  stopPodSandbox: 'stop_podsandbox',
  removePodSandbox: 'remove_podsandbox',
  podSandboxStatus: 'podsandbox_status',
  listPodSandbox: 'list_podsandbox',
  createContainer: 'create_container',
  startContainer: 'start_container',
  stopContainer: 'stop_container',
  removeContainer: 'remove_container',
  containerStatus: 'container_status',
  listContainers: 'list_containers',
  imageStatus: 'image_status',
  pullImage: 'pull_image',
  listImages: 'list_images',
  removeImage: 'remove_image',
  execSync: 'exec_sync',
  exec: 'exec',
  attach: 'attach',
  portForward: 'port_forward',
  reopenContainerLog: 'reopen_container_log',
  updateContainerResources: 'update_container',
  listContainerStats: 'list_container_stats',
  listPodSandboxStats: 'list_podsandbox_stats',
  imageFsInfo: 'image_fs_info',
}

type Method = (...args: unknown[]) => Promise<unknown>

/** The same runtime, each of its calls counted and timed. What it does not offer stays missing. */
export function instrumentRuntime(runtime: RuntimePlugin, metrics: KubeletMetrics): RuntimePlugin {
  const measured: Record<string, Method> = {}
  for (const [name, operation] of Object.entries(OPERATIONS)) {
    const method = runtime[name as keyof RuntimePlugin] as Method | undefined
    if (method) measured[name] = measure(method.bind(runtime), operation, metrics)
  }
  const { events } = runtime
  return {
    ...runtime,
    ...(measured as object),
    ...(events && { events: events.bind(runtime) }),
  }
}

function measure(method: Method, operation: string, metrics: KubeletMetrics): Method {
  return async (...args) => {
    const begun = performance.now()
    const seconds = (): number => (performance.now() - begun) / 1_000
    try {
      const answer = await method(...args)
      metrics.runtimeOperation(operation, seconds())
      return answer
    } catch (error) {
      metrics.runtimeOperation(operation, seconds(), error as Error)
      throw error
    }
  }
}
