import { mkdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { Pod, Volume } from '../../../api/kinds/types.ts'
import type { MountedVolume, VolumePlugin } from '../../../plugins/volume.ts'
import { type ResolvedVolume, resolveVolume } from './claims.ts'
import type { VolumeManagerOptions } from './options.ts'
import { VolumeError } from './volume-error.ts'

/** The volumes of one Pod, made and kept up to date. */
export interface PodVolumes {
  /** Makes all of them; rejects with the VolumeError of the first that fails. */
  mount(): Promise<Map<string, MountedVolume>>
  /** Takes the Pod as it is now, and writes again what shows its metadata if that has changed. */
  refresh(pod: Pod): Promise<void>
  /** Nothing is written any more once this resolves. What is mounted stays. */
  stop(): Promise<void>
}

/** How soon a volume is tried again that could not be brought up to date (milliseconds). */
const RETRY = 30_000

export function createPodVolumes(
  first: Pod,
  podDir: string,
  plugins: VolumePlugin[],
  options: VolumeManagerOptions,
): PodVolumes {
  const { objects, log } = options
  const volumes = (): readonly Volume[] => first.spec.volumes ?? []
  const queues = new Map<string, Promise<unknown>>()
  const waiting = new Set<string>()
  const timers = new Map<string, NodeJS.Timeout>()
  const unfollow: (() => void)[] = []
  let pod = first
  let isStopped = false
  let isFollowing = false
  /** True once all were made, by us or an earlier agent: until then failures are the caller's to tell. */
  let isMade = false

  /** One at a time for each volume, in order. */
  const inTurn = <T>(volume: string, work: () => Promise<T>): Promise<T> => {
    const result = (queues.get(volume) ?? Promise.resolve()).then(work, work)
    const settled = result.catch(() => {})
    queues.set(volume, settled)
    void settled.then(() => queues.get(volume) === settled && queues.delete(volume))
    return result
  }
  const make = (volume: Volume): Promise<MountedVolume> =>
    inTurn(volume.name, async () => {
      if (isStopped) throw new VolumeError('the Pod is gone')
      const mounted = await mountVolume(pod, volume, podDir, plugins, options)
      if (mounted.refreshAfter !== undefined) again(volume, mounted.refreshAfter)
      return mounted
    })
  const again = (volume: Volume, delay: number): void => {
    clearTimeout(timers.get(volume.name))
    if (!isStopped) timers.set(volume.name, setTimeout(() => void renew(volume), delay).unref())
  }
  /** Makes a volume anew that something has changed for. Changes that come meanwhile are taken with it. */
  const renew = async (volume: Volume): Promise<void> => {
    if (isStopped || !isMade || waiting.has(volume.name)) return
    waiting.add(volume.name)
    try {
      await inTurn(volume.name, async () => void waiting.delete(volume.name))
      await make(volume)
    } catch (error) {
      if (isStopped) return
      const { message } = error as Error
      log.debug(
        { pod: pod.metadata.name, volume: volume.name, error: message },
        'volume not brought up to date',
      )
      options.onFailure?.(pod, message)
      again(volume, RETRY)
    }
  }
  const follow = async (): Promise<void> => {
    if (isFollowing) return
    isFollowing = true
    for (const volume of volumes()) {
      const plugin = await findPlugin(plugins, volume)
      for (const source of (await plugin?.sources?.({ pod, volume })) ?? []) {
        if (!isStopped) unfollow.push(objects.follow(source, () => void renew(volume)))
      }
    }
  }
  const showPod = async (): Promise<void> => {
    for (const volume of volumes()) {
      const plugin = await findPlugin(plugins, volume)
      if (await plugin?.showsPod?.(volume)) await renew(volume)
    }
  }
  return {
    async mount() {
      await mkdir(podDir, { recursive: true, mode: 0o750 })
      const results = await Promise.allSettled(volumes().map(make))
      const errors = results.flatMap(result => (result.status === 'rejected' ? [result.reason as Error] : []))
      for (const { message } of errors.slice(1)) if (!isStopped) options.onFailure?.(pod, message)
      if (errors[0]) throw errors[0]
      isMade = true
      // Followed from now on: what has changed since it was read is told at once.
      await follow()
      return new Map(
        results.flatMap((result, i) =>
          result.status === 'fulfilled' ? [[volumes()[i]!.name, result.value] as const] : [],
        ),
      )
    },
    async refresh(next) {
      const old = pod
      pod = next
      if (isMade) return metadataOf(old) === metadataOf(next) ? undefined : showPod()
      if (isFollowing || !(await stat(join(podDir, 'volumes')).catch(() => undefined))) return
      isMade = true
      await follow()
      await Promise.all(volumes().filter(isProjected).map(renew))
    },
    async stop() {
      isStopped = true
      for (const stopFollowing of unfollow) stopFollowing()
      for (const timer of timers.values()) clearTimeout(timer)
      await Promise.all(queues.values())
    },
  }
}

/** What of a Pod can change that a volume shows. */
const metadataOf = ({ metadata: { labels, annotations } }: Pod): string =>
  JSON.stringify([labels, annotations])

/** Volumes that are made from what changes without the Pod. */
const isProjected = ({ configMap, secret, downwardAPI, projected }: Volume): boolean =>
  Boolean(configMap || secret || downwardAPI || projected)

/** Plugins that run in a process of their own answer later than at once. */
async function findPlugin(plugins: VolumePlugin[], volume: Volume): Promise<VolumePlugin | undefined> {
  for (const plugin of plugins) if (await plugin.canSupport(volume)) return plugin
  return undefined
}

async function mountVolume(
  pod: Pod,
  volume: Volume,
  podDir: string,
  plugins: VolumePlugin[],
  { client }: VolumeManagerOptions,
): Promise<MountedVolume> {
  const resolved = await resolveVolume(client, pod, volume).catch(cause => fail(volume, cause))
  const name = resolved.persistentVolume?.metadata.name ?? volume.name
  const plugin = await findPlugin(plugins, resolved.volume)
  if (!plugin) {
    const why = `failed to get Plugin from volumeSpec for volume "${name}" err=no volume plugin matched`
    return fail(volume, new Error(why))
  }
  const directory = volumeDirectory(podDir, plugin.name, volume.name)
  try {
    await mkdir(directory, { recursive: true, mode: 0o750 })
    const mounted = await plugin.mount(requestOf(pod, directory, resolved))
    return resolved.readOnly ? { ...mounted, readOnly: true } : mounted
  } catch (cause) {
    const { message } = cause as Error
    throw new VolumeError(`MountVolume.SetUp failed for volume "${name}" : ${message}`, { cause })
  }
}

const requestOf = (pod: Pod, directory: string, { volume, persistentVolume }: ResolvedVolume) => ({
  pod,
  volume,
  directory,
  ...(persistentVolume && { persistentVolume }),
})

function fail({ name }: Volume, cause: Error): never {
  const which = `unmounted volumes=[${name}], unattached volumes=[], failed to process volumes=[${name}]`
  throw new VolumeError(`Unable to attach or mount volumes: ${which}: ${cause.message}`, { cause })
}

/** The name of the plugin is in the path, so that a later agent knows whom to ask to unmount. */
export const volumeDirectory = (podDir: string, plugin: string, volume: string): string =>
  join(podDir, 'volumes', plugin.replaceAll('/', '~'), volume)
