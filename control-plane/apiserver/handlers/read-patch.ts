import type { Patch } from '../../../api/client/client.ts'
import type { KindDeclaration } from '../../../api/kinds/kind.ts'
import { jsonParser } from '../../../api/meta/json.ts'
import { isMap } from '../../../api/meta/patch/own.ts'
import { badRequest, StatusError, unsupportedMediaType } from '../../../api/meta/status.ts'
import { jsonType } from '../../../api/schema/decode-state.ts'
import { findDuplicates } from '../../../api/schema/duplicates.ts'
import { mediaType, readBody } from '../pipeline/body.ts'
import { numberFault } from '../pipeline/not-finite.ts'
import type { ApiContext } from '../pipeline/state.ts'
import { APPLY_TYPE, refuseForce } from './apply.ts'

type PatchType = Patch['type']

const TYPES: Record<string, PatchType> = {
  'application/json-patch+json': 'json',
  'application/merge-patch+json': 'merge',
  'application/strategic-merge-patch+json': 'strategic',
}

const PLAIN_TYPES = Object.keys(TYPES).filter(type => TYPES[type] !== 'strategic')

/** A patch that was sent. */
export interface SentPatch {
  /** The patch, anew for each try: applying one uses it up. */
  patch(): Patch
  /** `duplicate field "a"` for each that is given twice; only looked for where `fieldValidation` was asked for. */
  duplicates: readonly string[]
}

/**
 * Reads a patch from the body; the media type says which sort it is. One that is malformed is refused when it is asked for.
 * @throws StatusError 413, 415
 */
export async function readPatch(ctx: ApiContext, kind: KindDeclaration): Promise<SentPatch> {
  const type = TYPES[mediaType(ctx)]
  if (!type || (type === 'strategic' && !hasPatchKeys(kind))) {
    throw unsupportedPatch(kind)
  }
  refuseForce(ctx)
  const bytes = await readBody(ctx.req)
  const text = bytes.toString()
  const parse = jsonParser(bytes)
  let body: unknown
  try {
    body = checked(type, parse(text))
    const fault = kind.custom && numberFault(text, body)
    if (fault) throw unreadable(type, fault)
  } catch (error) {
    return refusedLater(error instanceof SyntaxError ? await notJson(type, bytes) : error)
  }
  const duplicates = ctx.state.info.query.has('fieldValidation') ? findDuplicates(text, body) : []
  let isFresh = true
  return {
    duplicates: type === 'json' ? duplicates.map(fault => `json patch ${fault}`) : duplicates,
    patch() {
      const patch = { type, body: isFresh ? body : checked(type, parse(text)) }
      isFresh = false
      return patch
    },
  }
}

/** What cannot be read is told once it is known that there is something to patch. */
const refusedLater = (error: unknown): SentPatch => ({
  duplicates: [],
  patch() {
    throw error
  },
})

/** Strategic merge needs the patch keys of the kind's schema: custom resources have none. */
const hasPatchKeys = (kind: KindDeclaration): boolean => !kind.custom

/** What is said of a type that no patch has: by upstream's router, which custom resources do not come by. */
export function unsupportedPatch(kind: KindDeclaration): StatusError {
  if (kind.custom) return unsupportedMediaType([...PLAIN_TYPES, APPLY_TYPE])
  return new StatusError({
    ...unsupportedMediaType([]).status,
    message: '415: Unsupported Media Type',
    details: {},
  })
}

/** What a body is as a patch. To Go, `null` is an empty list, and an empty object for strategic merge. @throws StatusError 400 */
function checked(type: PatchType, body: unknown): unknown {
  if (type === 'json') {
    if (body === null) return []
    if (Array.isArray(body)) return body
    throw unreadable(
      type,
      `json: cannot unmarshal ${jsonType(body)} into Go value of type []handlers.jsonPatchOp`,
    )
  }
  if (isMap(body)) return body
  if (body !== null) {
    throw unreadable(
      type,
      `json: cannot unmarshal ${jsonType(body)} into Go value of type map[string]interface {}`,
    )
  }
  if (type === 'merge') throw badRequest('Invalid JSON Patch')
  return {}
}

async function notJson(type: PatchType, body: Buffer): Promise<StatusError> {
  const { jsonFault } = await import('../pipeline/json-fault.ts')
  return unreadable(type, jsonFault(body))
}

const unreadable = (type: PatchType, why: string): StatusError =>
  badRequest(type === 'strategic' ? why : `error decoding patch: ${why}`)
