import type {
  PodSandbox,
  PodSandboxConfig,
  RuntimeContainer,
  RuntimePlugin,
  StreamOptions,
} from '../../../plugins/runtime.ts'
import { POD_UID } from '../containers/labels.ts'
import type { NamedRuntime } from './named-runtime.ts'

interface Combined {
  runtime: RuntimePlugin
  /** Where a sandbox or container is; the main runtime for what nobody has told of. */
  placeOf(id: string): NamedRuntime
}

/**
 * Several runtimes as one: a sandbox goes to the runtime its handler names, everything that is asked of a sandbox or
 * container to the one that has it. Lists are those of all; of one Pod, those of the runtime it is in, so that a runtime
 * that is down keeps no other's Pods from being looked after.
 */
export function combineRuntimes(
  main: NamedRuntime,
  others: Readonly<Record<string, NamedRuntime>>,
): Combined {
  const all = [main, ...Object.values(others)]
  /** By the ids of sandboxes and containers, and by the UIDs of Pods. */
  const places = new Map<string, NamedRuntime>()
  /** The Pod of each sandbox. */
  const podOf = new Map<string, string>()
  const placeOf = (id: string): NamedRuntime => places.get(id) ?? main
  const at = (id: string): RuntimePlugin => placeOf(id).runtime
  const offering = <K extends keyof RuntimePlugin>(id: string, method: K): NonNullable<RuntimePlugin[K]> => {
    const { name, runtime } = placeOf(id)
    if (!runtime[method]) throw new Error(`the container runtime ${name} does not offer ${method}`)
    return (runtime[method] as (...args: never) => unknown).bind(runtime) as never
  }
  const note = <T extends { id: string; labels: Record<string, string> }>(
    place: NamedRuntime,
    found: T[],
  ): T[] => {
    for (const { id, labels } of found) {
      places.set(id, place)
      if (!labels[POD_UID]) continue
      places.set(labels[POD_UID], place)
      podOf.set(id, labels[POD_UID])
    }
    return found
  }
  const ofEach = async <T>(read: (place: NamedRuntime) => Promise<T[]> | undefined): Promise<T[]> =>
    (await Promise.all(all.map(async place => (await read(place)) ?? []))).flat()
  const listed = <T extends PodSandbox | RuntimeContainer>(
    filter: Filter,
    read: (runtime: RuntimePlugin) => Promise<T[]>,
  ): Promise<T[]> => {
    const known = places.get(filter?.labelSelector?.[POD_UID] ?? filter?.podSandboxId ?? filter?.id ?? '')
    const asked = known ? [known] : all
    return Promise.all(asked.map(async place => note(place, await read(place.runtime)))).then(lists =>
      lists.flat(),
    )
  }
  const forget = (id: string): void => {
    places.delete(id)
    podOf.delete(id)
  }
  const { runtime: first } = main
  const runtime: RuntimePlugin = {
    name: main.name,
    version: () => first.version(),
    status: () => first.status(),
    async runPodSandbox(config: PodSandboxConfig, handler: string) {
      const place = others[handler] ?? main
      places.set(config.metadata.uid, place)
      const id = await place.runtime.runPodSandbox(config, others[handler] ? '' : handler)
      places.set(id, place)
      podOf.set(id, config.metadata.uid)
      return id
    },
    stopPodSandbox: id => at(id).stopPodSandbox(id),
    async removePodSandbox(id) {
      await at(id).removePodSandbox(id)
      places.delete(podOf.get(id) ?? '')
      forget(id)
    },
    podSandboxStatus: id => at(id).podSandboxStatus(id),
    listPodSandbox: filter => listed(filter, place => place.listPodSandbox(filter)),
    async createContainer(sandboxId, config, sandbox) {
      const place = placeOf(sandboxId)
      const id = await place.runtime.createContainer(sandboxId, config, sandbox)
      places.set(id, place)
      return id
    },
    startContainer: id => at(id).startContainer(id),
    stopContainer: (id, timeout) => at(id).stopContainer(id, timeout),
    async removeContainer(id) {
      await at(id).removeContainer(id)
      forget(id)
    },
    containerStatus: id => at(id).containerStatus(id),
    listContainers: filter => listed(filter, place => place.listContainers(filter)),
    imageStatus: image => first.imageStatus(image),
    pullImage: (image, auth, signal) => first.pullImage(image, auth, signal),
    listImages: () => ofEach(place => place.runtime.listImages()),
    async removeImage(image) {
      await Promise.all(all.map(place => place.runtime.removeImage(image)))
    },
    execSync: async (id, command, timeout) => offering(id, 'execSync')(id, command, timeout),
    exec: async (id: string, command: string[], streams: StreamOptions) =>
      offering(id, 'exec')(id, command, streams),
    attach: async (id, streams) => offering(id, 'attach')(id, streams),
    portForward: async (id, ports) => offering(id, 'portForward')(id, ports),
    reopenContainerLog: async id => offering(id, 'reopenContainerLog')(id),
    updateContainerResources: async (id, resources) =>
      offering(id, 'updateContainerResources')(id, resources),
    listContainerStats: filter => ofEach(place => place.runtime.listContainerStats?.(filter)),
    listPodSandboxStats: filter => ofEach(place => place.runtime.listPodSandboxStats?.(filter)),
    imageFsInfo: () => ofEach(place => place.runtime.imageFsInfo?.()),
  }
  return { runtime, placeOf }
}

type Filter = { id?: string; podSandboxId?: string; labelSelector?: Record<string, string> } | undefined
