import type { Logger } from '../../../plugins/plugin.ts'
import type { RuntimeImage, RuntimePlugin } from '../../../plugins/runtime.ts'
import { type KubeletSettings, milliseconds } from '../settings.ts'
import { filesystemOf } from '../stats/disk-usage.ts'

export interface ImageGcOptions {
  runtime: RuntimePlugin
  settings: Pick<
    KubeletSettings,
    'imageGCHighThresholdPercent' | 'imageGCLowThresholdPercent' | 'imageMinimumGCAge' | 'imageMaximumGCAge'
  >
  /** A warning about the node, for its events. */
  warn(reason: string, message: string): void
  log: Logger
  signal: AbortSignal
  /** Milliseconds between two looks; five minutes where left out. */
  period?: number
}

export interface ImageGc {
  /** Removes images nobody uses whenever their disk runs full; until the signal aborts. */
  start(): void
  /** Removes all that nobody uses now. */
  removeUnused(): Promise<void>
}

const PERIOD = 300_000

/** When each image was seen first and used last; milliseconds. */
type Usage = Map<string, { firstSeen: number; lastUsed: number }>

export function createImageGc(options: ImageGcOptions): ImageGc {
  const { settings, warn, log, signal, period = PERIOD } = options
  const usage: Usage = new Map()
  let hasFailed = false
  const look = async (): Promise<void> => {
    try {
      await collectOnce(options, usage)
      hasFailed = false
    } catch (error) {
      const { message } = error as Error
      log.warn({ error: message }, 'image garbage collection failed')
      // Once may be a runtime that is not up yet.
      if (hasFailed && !signal.aborted) warn('ImageGCFailed', message)
      hasFailed = true
    }
  }
  return {
    start() {
      if (settings.imageGCHighThresholdPercent >= 100 && milliseconds(settings.imageMaximumGCAge) === 0)
        return
      let timer: NodeJS.Timeout | undefined
      const repeat = async (): Promise<void> => {
        await look()
        if (!signal.aborted) timer = setTimeout(repeat, period)
      }
      signal.addEventListener('abort', () => clearTimeout(timer), { once: true })
      void repeat()
    },
    async removeUnused() {
      const unused = await noteUsage(options.runtime, usage)
      await removeUntil(options, usage, removalOrder(unused, usage, 0), Number.POSITIVE_INFINITY)
    },
  }
}

async function collectOnce(options: ImageGcOptions, usage: Usage): Promise<void> {
  const { runtime, settings, warn } = options
  let unused = await noteUsage(runtime, usage)
  const oldest = milliseconds(settings.imageMaximumGCAge)
  if (oldest > 0) {
    const old = unused.filter(({ id }) => Date.now() - lastUse(usage, id) > oldest)
    await removeUntil(options, usage, old, Number.POSITIVE_INFINITY)
    unused = unused.filter(image => !old.includes(image))
  }
  const [images] = (await runtime.imageFsInfo?.()) ?? []
  if (!images) return
  const disk = await filesystemOf(images.mountpoint)
  if (!disk?.capacity) return failWith(warn, 'InvalidDiskCapacity', 'invalid capacity 0 on image filesystem')
  const { capacity, available } = disk
  const usedPercent = 100 - Math.floor((available * 100) / capacity)
  if (usedPercent < settings.imageGCHighThresholdPercent) return
  const toFree = Math.floor((capacity * (100 - settings.imageGCLowThresholdPercent)) / 100) - available
  const order = removalOrder(unused, usage, milliseconds(settings.imageMinimumGCAge))
  const freed = await removeUntil(options, usage, order, toFree)
  if (freed >= toFree) return
  const message = `Failed to garbage collect required amount of images. Attempted to free ${toFree} bytes, but only found ${freed} bytes eligible to free.`
  failWith(warn, 'FreeDiskSpaceFailed', message)
}

function failWith(warn: ImageGcOptions['warn'], reason: string, message: string): never {
  warn(reason, message)
  throw new Error(message)
}

/** Removes images in this order until so many bytes are free; the bytes that were. */
async function removeUntil(
  { runtime, log }: ImageGcOptions,
  usage: Usage,
  images: RuntimeImage[],
  toFree: number,
): Promise<number> {
  let freed = 0
  for (const image of images) {
    if (freed >= toFree) break
    await runtime.removeImage(image.id)
    log.info({ image: image.repoTags[0] ?? image.id, size: image.size }, 'image removed')
    usage.delete(image.id)
    freed += image.size
  }
  return freed
}

const lastUse = (usage: Usage, id: string): number => {
  const { firstSeen = 0, lastUsed = 0 } = usage.get(id) ?? {}
  return Math.max(firstSeen, lastUsed)
}

/** Images no container uses now; those the runtime needs itself are none of them. */
async function noteUsage(runtime: RuntimePlugin, usage: Usage): Promise<RuntimeImage[]> {
  const [images, containers] = await Promise.all([runtime.listImages(), runtime.listContainers()])
  const used = new Set(containers.flatMap(({ image, imageRef }) => [image.image, imageRef]))
  const time = Date.now()
  const isUsed = ({ id, repoTags, repoDigests }: RuntimeImage): boolean =>
    [id, ...repoTags, ...repoDigests].some(name => used.has(name))
  const there = new Set(images.map(({ id }) => id))
  for (const id of usage.keys()) if (!there.has(id)) usage.delete(id)
  for (const image of images) {
    const { firstSeen, lastUsed } = usage.get(image.id) ?? { firstSeen: time, lastUsed: 0 }
    usage.set(image.id, { firstSeen, lastUsed: isUsed(image) ? time : lastUsed })
  }
  return images.filter(image => !isUsed(image) && !image.pinned)
}

/** The longest unused first; those that came just now are for a Pod that is being started. */
function removalOrder(images: RuntimeImage[], usage: Usage, minimumAge: number): RuntimeImage[] {
  const of = ({ id }: RuntimeImage) => usage.get(id) ?? { firstSeen: 0, lastUsed: 0 }
  return images
    .filter(image => Date.now() - of(image).firstSeen >= minimumAge)
    .sort((a, b) => of(a).lastUsed - of(b).lastUsed || of(a).firstSeen - of(b).firstSeen)
}
