import { statfs } from 'node:fs/promises'
import type { Logger } from '../../../plugins/plugin.ts'
import type { RuntimeImage, RuntimePlugin } from '../../../plugins/runtime.ts'

/** When images are removed (KubeletConfiguration's imageGC…); percentages of the image file system. */
export interface ImageGcSettings {
  /** Removal begins when more is in use; 100 turns it off. */
  highThresholdPercent: number
  /** …and ends when no more than this is. */
  lowThresholdPercent: number
  /** Milliseconds an image must have been there unused. */
  minimumAge: number
}

export const IMAGE_GC_DEFAULTS: ImageGcSettings = {
  highThresholdPercent: 85,
  lowThresholdPercent: 80,
  minimumAge: 120_000,
}

const PERIOD = 300_000

interface ImageGcOptions {
  runtime: RuntimePlugin
  settings: ImageGcSettings
  /** Tells that not enough could be freed. */
  onShortage(message: string): void
  log: Logger
  signal: AbortSignal
}

/** When each image was seen first and used last; milliseconds. */
type Usage = Map<string, { firstSeen: number; lastUsed: number }>

/** Removes images nobody uses, the longest unused first, when their disk runs full. */
export function collectImages(options: ImageGcOptions): void {
  const usage: Usage = new Map()
  const look = (): void => {
    collectOnce(options, usage).catch(error =>
      options.log.warn({ error: error.message }, 'images not collected'),
    )
  }
  const timer = setInterval(look, PERIOD)
  options.signal.addEventListener('abort', () => clearInterval(timer), { once: true })
  look()
}

async function collectOnce(options: ImageGcOptions, usage: Usage): Promise<void> {
  const { runtime, settings, log, onShortage } = options
  const unused = await noteUsage(runtime, usage)
  const [disk] = (await runtime.imageFsInfo?.()) ?? []
  if (!disk) return
  const { bsize, blocks, bavail } = await statfs(disk.mountpoint)
  const capacity = blocks * bsize
  const used = capacity - bavail * bsize
  if ((used * 100) / capacity < settings.highThresholdPercent || settings.highThresholdPercent >= 100) return
  let toFree = used - (capacity * settings.lowThresholdPercent) / 100
  for (const image of removalOrder(unused, usage, settings.minimumAge)) {
    if (toFree <= 0) return
    await runtime.removeImage(image.id)
    log.info({ image: image.repoTags[0] ?? image.id, size: image.size }, 'image removed, the disk runs full')
    usage.delete(image.id)
    toFree -= image.size
  }
  if (toFree > 0)
    onShortage(`Failed to garbage collect required amount of images: ${Math.ceil(toFree)} bytes are missing`)
}

/** Images no container and no sandbox uses now. */
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

function removalOrder(images: RuntimeImage[], usage: Usage, minimumAge: number): RuntimeImage[] {
  const of = ({ id }: RuntimeImage) => usage.get(id) ?? { firstSeen: 0, lastUsed: 0 }
  return images
    .filter(image => Date.now() - of(image).firstSeen >= minimumAge)
    .sort((a, b) => of(a).lastUsed - of(b).lastUsed || of(a).firstSeen - of(b).firstSeen)
}
