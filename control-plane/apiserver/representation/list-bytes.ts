import { apiVersion, type KindDeclaration, listKindOf } from '../../../api/kinds/kind.ts'
import type { ListMeta } from '../../../api/meta/object.ts'
import type { Entry } from '../cache/entry.ts'
import type { BodyParts } from '../pipeline/respond.ts'

/** Bytes put together before they are written. It stays in the processor's cache while they are encrypted. */
const PART = 256 << 10
/** Buffers kept for the next list, so that a list of many megabytes leaves nothing to be collected. */
const MOST_FREE = 16
const free: Buffer[] = []

const COMMA = 0x2c
const BRACE = 0x7b
const END = Buffer.from(']}')

/**
 * The bytes of a list, put together from those of its objects as they are sent. All stored objects of a kind begin with the
 * same `{"apiVersion":…,"kind":…,`: items are sent without that, but for those of custom kinds, as upstream's are.
 */
export function listBytes(kind: KindDeclaration, metadata: ListMeta, entries: readonly Entry[]): BodyParts {
  const version = JSON.stringify(apiVersion(kind))
  const skip = kind.custom ? 1 : `{"apiVersion":${version},"kind":${JSON.stringify(kind.kind)},`.length
  const head = Buffer.from(
    `{"kind":${JSON.stringify(listKindOf(kind))},"apiVersion":${version},"metadata":${JSON.stringify(shownMetadata(kind, metadata))},"items":[`,
  )
  let size = head.length + END.length + Math.max(entries.length - 1, 0)
  for (const { bytes } of entries) size += bytes.length - skip + 1
  const buffers: Buffer[] = []
  const release = () => {
    for (const buffer of buffers.splice(0)) if (free.length < MOST_FREE) free.push(buffer)
  }
  return { size, parts: () => parts(head, skip, entries, buffers), release }
}

/** Lists of custom resources always say where they go on, if only with an empty text. */
export const shownMetadata = (kind: KindDeclaration, metadata: ListMeta): ListMeta =>
  kind.custom ? { continue: '', ...metadata } : metadata

/** Fills two buffers in turn: one may still be on its way while the other is filled. */
function* parts(head: Buffer, skip: number, entries: readonly Entry[], buffers: Buffer[]): Generator<Buffer> {
  for (let i = 0; i < 2; i++) buffers.push(free.pop() ?? Buffer.allocUnsafeSlow(PART))
  let turn = 0
  let part = buffers[0]!
  let at = head.copy(part)
  for (const [i, { bytes }] of entries.entries()) {
    const needed = bytes.length - skip + 2
    if (at + needed > part.length) {
      yield part.subarray(0, at)
      at = 0
      part = needed > PART ? Buffer.allocUnsafeSlow(needed) : buffers[++turn % 2]!
    }
    if (i > 0) part[at++] = COMMA
    part[at++] = BRACE
    at += bytes.copy(part, at, skip)
  }
  if (at + END.length > part.length) {
    yield part.subarray(0, at)
    at = 0
    part = buffers[++turn % 2]!
  }
  at += END.copy(part, at)
  yield part.subarray(0, at)
}
