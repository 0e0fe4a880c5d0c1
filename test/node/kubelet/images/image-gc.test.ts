import test from 'ava'
import { createImageGc } from '../../../../node/kubelet/images/image-gc.ts'
import { DEFAULT_SETTINGS } from '../../../../node/kubelet/settings.ts'
import type { RuntimeImage, RuntimePlugin } from '../../../../plugins/runtime.ts'
import { quietLog } from '../../../helpers/log.ts'

const image = (id: string, more: Partial<RuntimeImage> = {}): RuntimeImage => ({
  id,
  repoTags: [`docker.io/library/${id}:latest`],
  repoDigests: [],
  size: 1_000_000,
  username: '',
  ...more,
})

/** A runtime with these images, the first of which a container uses; its images are on the disk of `mountpoint`. */
function runtimeWith(images: RuntimeImage[], mountpoint = '/') {
  const removed: string[] = []
  const runtime = {
    listImages: async () => images.filter(({ id }) => !removed.includes(id)),
    listContainers: async () => [{ image: { image: images[0]!.id }, imageRef: images[0]!.id }],
    imageFsInfo: async () => [{ mountpoint, usedBytes: 0, inodesUsed: 0 }],
    removeImage: async (id: string) => void removed.push(id),
  } as unknown as RuntimePlugin
  return { runtime, removed }
}

/** Looks often until so many warnings were given; these. */
async function warnings(
  runtime: RuntimePlugin,
  settings: object,
  count: number,
): Promise<[string, string][]> {
  const stopping = new AbortController()
  const told: [string, string][] = []
  await new Promise<void>(resolve => {
    const warn = (reason: string, message: string): void => {
      told.push([reason, message])
      if (told.length === count) resolve()
    }
    const options = { settings: { ...DEFAULT_SETTINGS, ...settings }, log: quietLog, signal: stopping.signal }
    createImageGc({ ...options, runtime, warn, period: 1 }).start()
  })
  stopping.abort()
  return told
}

const FULL = { imageGCHighThresholdPercent: 0, imageGCLowThresholdPercent: 0 }

test('what cannot be freed is told at once, that the collection fails only when it failed again', async t => {
  const { runtime, removed } = runtimeWith([image('used'), image('young'), image('pinned', { pinned: true })])
  const told = await warnings(runtime, FULL, 3)
  const [, message] = told[0]!
  t.regex(
    message,
    /^Failed to garbage collect required amount of images\. Attempted to free \d+ bytes, but only found 0 bytes eligible to free\.$/,
  )
  t.deepEqual(
    told.map(([reason]) => reason),
    ['FreeDiskSpaceFailed', 'FreeDiskSpaceFailed', 'ImageGCFailed'],
  )
  t.deepEqual(removed, [])
})

test('images that are old enough and nobody uses go, those that are used or pinned stay', async t => {
  const { runtime, removed } = runtimeWith([
    image('used'),
    image('a'),
    image('b'),
    image('pinned', { pinned: true }),
  ])
  await warnings(runtime, { ...FULL, imageMinimumGCAge: '0s' }, 1)
  t.deepEqual(removed.sort(), ['a', 'b'])
})

test('an image file system without a size is told', async t => {
  const { runtime } = runtimeWith([image('used')], '/proc')
  const [[reason, message]] = (await warnings(runtime, FULL, 1)) as [[string, string]]
  t.is(reason, 'InvalidDiskCapacity')
  t.is(message, 'invalid capacity 0 on image filesystem')
})

test('when the disk must be cleared all that nobody uses goes, however young', async t => {
  const { runtime, removed } = runtimeWith([image('used'), image('young')])
  const options = { settings: DEFAULT_SETTINGS, log: quietLog, signal: new AbortController().signal }
  await createImageGc({ ...options, runtime, warn: () => t.fail() }).removeUnused()
  t.deepEqual(removed, ['young'])
})
