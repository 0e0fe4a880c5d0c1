import { createHash } from 'node:crypto'
import { createWriteStream } from 'node:fs'
import { rename } from 'node:fs/promises'
import { buffer } from 'node:stream/consumers'
import { pipeline } from 'node:stream/promises'
import { pack } from 'tar-stream'

/** A file of an image: bytes or a symlink's target. `mode` is octal as in chmod. */
export type ImageFile =
  | { path: string; content: Buffer | string; mode?: number }
  | { path: string; linkTo: string }
  | { path: string; directory: true; mode?: number }

/** An image of one layer. */
export interface ImageSpec {
  /** Full reference, e.g. `skiff.local/hello:1`. */
  reference: string
  files: ImageFile[]
  config: {
    Entrypoint?: string[]
    Cmd?: string[]
    Env?: string[]
    WorkingDir?: string
    User?: string
    ExposedPorts?: Record<string, object>
  }
}

const LAYOUT = { imageLayoutVersion: '1.0.0' }
const MANIFEST = 'application/vnd.oci.image.manifest.v1+json'
const CONFIG = 'application/vnd.oci.image.config.v1+json'
const LAYER = 'application/vnd.oci.image.layer.v1.tar'
/** All times are the epoch, so that the same content always has the same digest. */
const EPOCH = new Date(0)

interface Blob {
  digest: string
  bytes: Buffer
}

const blob = (bytes: Buffer): Blob => ({
  bytes,
  digest: `sha256:${createHash('sha256').update(bytes).digest('hex')}`,
})

const jsonBlob = (value: unknown): Blob => blob(Buffer.from(JSON.stringify(value)))

const descriptor = (mediaType: string, { digest, bytes }: Blob): object => ({
  mediaType,
  digest,
  size: bytes.length,
})

/**
 * Writes an image as a tar of an OCI image layout (OCI image spec v1.0, image-layout.md), which containerd, skopeo and
 * others import. The file appears whole or not at all.
 */
export async function writeOciLayout(path: string, image: ImageSpec): Promise<void> {
  const layer = blob(await packLayer(image.files))
  const config = jsonBlob(imageConfig(image, layer))
  const manifest = jsonBlob({
    schemaVersion: 2,
    mediaType: MANIFEST,
    config: descriptor(CONFIG, config),
    layers: [descriptor(LAYER, layer)],
  })
  const index = { schemaVersion: 2, manifests: [indexEntry(image.reference, manifest)] }
  await writeArchive(path, [layer, config, manifest], index)
}

function imageConfig(image: ImageSpec, layer: Blob): object {
  return {
    architecture: process.arch === 'x64' ? 'amd64' : process.arch,
    os: 'linux',
    created: EPOCH.toISOString(),
    config: image.config,
    rootfs: { type: 'layers', diff_ids: [layer.digest] },
  }
}

function indexEntry(reference: string, manifest: Blob): object {
  const tag = reference.slice(reference.lastIndexOf(':') + 1)
  return {
    ...descriptor(MANIFEST, manifest),
    annotations: { 'org.opencontainers.image.ref.name': tag, 'io.containerd.image.name': reference },
  }
}

async function packLayer(files: ImageFile[]): Promise<Buffer> {
  const tar = pack()
  for (const file of files) addToLayer(tar, file)
  tar.finalize()
  return buffer(tar)
}

function addToLayer(tar: ReturnType<typeof pack>, file: ImageFile): void {
  const header = { name: file.path, mtime: EPOCH, uid: 0, gid: 0 }
  if ('linkTo' in file) tar.entry({ ...header, type: 'symlink', linkname: file.linkTo })
  else if ('directory' in file) tar.entry({ ...header, type: 'directory', mode: file.mode ?? 0o755 })
  else tar.entry({ ...header, mode: file.mode ?? 0o644 }, Buffer.from(file.content))
}

async function writeArchive(path: string, blobs: Blob[], index: object): Promise<void> {
  const tar = pack()
  tar.entry({ name: 'oci-layout', mtime: EPOCH }, JSON.stringify(LAYOUT))
  for (const { digest, bytes } of blobs)
    tar.entry({ name: `blobs/${digest.replace(':', '/')}`, mtime: EPOCH }, bytes)
  tar.entry({ name: 'index.json', mtime: EPOCH }, JSON.stringify(index))
  tar.finalize()
  const partial = `${path}.${process.pid}.partial`
  await pipeline(tar, createWriteStream(partial))
  await rename(partial, path)
}
