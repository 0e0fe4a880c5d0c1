import { apiVersion, type KindDeclaration, listKindOf } from '../../../api/kinds/kind.ts'
import type { ApiObject, ListMeta } from '../../../api/meta/object.ts'
import { badRequest, goQuote, notAcceptable } from '../../../api/meta/status.ts'
import type { Entry } from '../cache/entry.ts'
import { JSON_TYPE, sendBody, sendParts, wantsPretty } from '../pipeline/respond.ts'
import type { ApiContext } from '../pipeline/state.ts'
import type { Encoder } from '../protobuf/encode.ts'
import { encoderOf } from '../protobuf/encoders.ts'
import type { ListPage } from '../rest/list.ts'
import { type EventEncoder, lineEncoder } from '../watch/frames.ts'
import { listBytes, shownMetadata } from './list-bytes.ts'
import { type MetaVersion, negotiate, PROTOBUF, type Representation, STREAMED } from './negotiate.ts'
import { type IncludeObject, partialMetadata, partialMetadataText, tableOf } from './table.ts'
import { tableEncoder } from './table-events.ts'

type Shape = Pick<Representation, 'form' | 'meta'>

/** What the client wants to be sent of a kind. @throws StatusError 406 */
function representationOf(ctx: ApiContext, kind: KindDeclaration): Representation {
  return negotiate(ctx.req.headers.accept, hasProtobuf(kind))
}

/** Whether the client wants what it is sent as rows. @throws StatusError 406 */
export const wantsTable = (ctx: ApiContext): boolean =>
  negotiate(ctx.req.headers.accept, true).form === 'table'

/** The version of the Table that the client wants. @throws StatusError 406 */
export const tableVersion = (ctx: ApiContext): MetaVersion => negotiate(ctx.req.headers.accept, true).meta

/** Custom resources are JSON everywhere. */
const hasProtobuf = ({ custom }: KindDeclaration): boolean => !custom

/** Sends one stored object in the form asked for. */
export async function sendEntry(
  ctx: ApiContext,
  code: number,
  kind: KindDeclaration,
  entry: Entry,
): Promise<void> {
  const { type, form, meta } = representationOf(ctx, kind)
  if (form === 'object' && type === JSON_TYPE && !wantsPretty(ctx)) {
    return await sendBody(ctx, code, type, entry.bytes)
  }
  if (form === 'object') return await sendValue(ctx, code, entry.object)
  if (form === 'metadata') return await sendValue(ctx, code, partialMetadata(entry.object, meta))
  const metadata = { resourceVersion: entry.object.metadata.resourceVersion! }
  await sendValue(ctx, code, tableOf(kind, [entry], metadata, includeObject(ctx), meta))
}

/** Sends any object as JSON, YAML, or protobuf if it has a form in that. */
export async function sendValue(ctx: ApiContext, code: number, value: object): Promise<void> {
  const { accept } = ctx.req.headers
  let { type } = negotiate(accept, true)
  if (type === PROTOBUF) {
    const encoded = (await encoderOf(ctx.state.schemas)).object(value)
    if (encoded) return await sendBody(ctx, code, type, encoded)
    type = negotiate(accept, false).type
  }
  if (type === 'application/yaml') {
    const { writeYaml } = await import('../pipeline/yaml.ts')
    return await sendBody(ctx, code, type, writeYaml(value))
  }
  const indent = wantsPretty(ctx) ? 2 : undefined
  await sendBody(ctx, code, type, Buffer.from(`${JSON.stringify(value, null, indent)}${indent ? '\n' : ''}`))
}

/** Sends a page of a list in the form asked for; the plain form is put together from the objects' bytes. */
export async function sendList(ctx: ApiContext, kind: KindDeclaration, page: ListPage): Promise<void> {
  const { type, form, meta } = representationOf(ctx, kind)
  const metadata = listMeta(page)
  if (type === PROTOBUF) {
    const encoded = await encodeList(ctx, kind, { form, meta }, page)
    if (encoded) {
      if (ctx.state.capture?.wantsResponse) captureList(ctx, kind, metadata, page)
      return await sendBody(ctx, 200, type, encoded)
    }
  }
  if (form === 'table') {
    return await sendValue(ctx, 200, tableOf(kind, page.entries, metadata, includeObject(ctx), meta))
  }
  if (form === 'metadata') {
    const items = page.entries.map(entry => partialMetadata(entry.object, meta))
    const list = { kind: 'PartialObjectMetadataList', apiVersion: meta, metadata, items }
    return await sendValue(ctx, 200, list)
  }
  if (type === JSON_TYPE && !wantsPretty(ctx)) {
    return await sendParts(ctx, 200, type, listBytes(kind, metadata, page.entries))
  }
  await sendValue(ctx, 200, listObject(kind, metadata, page.entries))
}

/** A list in protobuf is not read back: the audit log takes it as an object. */
function captureList({ state }: ApiContext, kind: KindDeclaration, metadata: ListMeta, page: ListPage): void {
  const list = listObject(kind, metadata, page.entries)
  state.capture?.answered(JSON_TYPE, Buffer.from(JSON.stringify(list)))
}

async function encodeList(
  { state }: ApiContext,
  kind: KindDeclaration,
  { form, meta }: Shape,
  page: ListPage,
): Promise<Buffer | undefined> {
  const encoder = await encoderOf(state.schemas)
  const objects = page.entries.map(entry => entry.object)
  if (form === 'object') return encoder.list(apiVersion(kind), kind.kind, listMeta(page), objects)
  return encoder.list(meta, 'PartialObjectMetadata', listMeta(page), objects)
}

export function listMeta({ revision, continue: token, remainingItemCount }: ListPage): ListMeta {
  return {
    resourceVersion: String(revision),
    ...(token && { continue: token }),
    ...(remainingItemCount !== undefined && { remainingItemCount }),
  }
}

/** A list as an object; items of built-in kinds are without apiVersion and kind, as upstream's are. */
function listObject(kind: KindDeclaration, metadata: ListMeta, entries: readonly Entry[]): object {
  const items = entries.map(({ object }) => {
    if (kind.custom) return object
    const { apiVersion: _version, kind: _kind, ...item } = object as ApiObject
    return item
  })
  return {
    kind: listKindOf(kind),
    apiVersion: apiVersion(kind),
    metadata: shownMetadata(kind, metadata),
    items,
  }
}

/** How events are sent to this client, and the media type of that. @throws StatusError 406 */
export async function watchEncoder(
  ctx: ApiContext,
  kind: KindDeclaration,
): Promise<{ type: string; encoder: EventEncoder | undefined }> {
  const { type, ...shape } = representationOf(ctx, kind)
  if (type === 'application/yaml') throw notAcceptable(STREAMED)
  if (type === PROTOBUF) {
    const encoder = await encoderOf(ctx.state.schemas)
    if (encoder.knows(apiVersion(kind), kind.kind)) {
      return { type: `${PROTOBUF};stream=watch`, encoder: protobufEvents(encoder, shape) }
    }
    return { type: JSON_TYPE, encoder: lineEvents(ctx, kind, negotiate(ctx.req.headers.accept, false)) }
  }
  return { type: JSON_TYPE, encoder: lineEvents(ctx, kind, shape) }
}

function lineEvents(ctx: ApiContext, kind: KindDeclaration, { form, meta }: Shape): EventEncoder | undefined {
  if (form === 'object') return undefined
  if (form === 'metadata') {
    return lineEncoder(
      `metadata ${meta}`,
      ({ object }) => Buffer.from(partialMetadataText(object, meta)),
      object => partialMetadata(object, meta),
    )
  }
  return tableEncoder(kind, includeObject(ctx), meta)
}

function protobufEvents(encoder: Encoder, { form, meta }: Shape): EventEncoder {
  const shape = (object: ApiObject) => (form === 'metadata' ? partialMetadata(object, meta) : object)
  return {
    id: `protobuf ${form} ${meta}`,
    frame: (type, entry) => encoder.event(type, shape(entry.object)),
    special: ({ type, object }) => encoder.event(type, type === 'ERROR' ? object : shape(object)),
  }
}

/** @throws StatusError 400 */
export function includeObject(ctx: ApiContext): IncludeObject {
  const asked = ctx.state.info.query.get('includeObject') ?? ''
  if (asked === '') return 'Metadata'
  if (asked === 'None' || asked === 'Metadata' || asked === 'Object') return asked
  throw badRequest(
    `Unable to convert to Table as requested: includeObject: Invalid value: ${goQuote(asked)}: must be 'Metadata', 'Object', 'None', or empty`,
  )
}
