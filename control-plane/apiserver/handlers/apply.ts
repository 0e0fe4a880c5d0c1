import { isUtf8 } from 'node:buffer'
import { jsonParser, type ParseJson } from '../../../api/meta/json.ts'
import type { ApiObject } from '../../../api/meta/object.ts'
import { isMap } from '../../../api/meta/patch/own.ts'
import { badRequest, forbiddenField, invalid, required, type StatusError } from '../../../api/meta/status.ts'
import { jsonType } from '../../../api/schema/decode-state.ts'
import { findDuplicates } from '../../../api/schema/duplicates.ts'
import { readBody } from '../pipeline/body.ts'
import { numberFault } from '../pipeline/not-finite.ts'
import { isTrue } from '../pipeline/request-info.ts'
import type { ApiContext } from '../pipeline/state.ts'
import { fieldValidation } from './options.ts'

/** The media type of server-side apply. Its YAML may be JSON. */
export const APPLY_TYPE = 'application/apply-patch+yaml'

/** The configuration of an apply request. */
export interface ApplyBody {
  config: ApiObject
  force: boolean
}

/** Reads an apply request. @throws StatusError 400, 413, 422 without fieldManager */
export async function readApply(ctx: ApiContext): Promise<ApplyBody> {
  const { query } = ctx.state.info
  if (!query.get('fieldManager')) {
    throw invalid(PATCH_OPTIONS, '', [required('fieldManager', 'is required for apply patch')])
  }
  const mode = fieldValidation(ctx, 'PatchOptions')
  const { value: sent, duplicates } = await parseConfiguration(await readBody(ctx.req))
  // Nothing reads as an object without fields.
  const value = sent ?? {}
  if (!isMap(value)) {
    throw notJson(`json: cannot unmarshal ${jsonType(value)} into Go value of type map[string]interface {}`)
  }
  if (duplicates && mode === 'Strict') throw badRequest(`error strict decoding YAML: ${duplicates}`)
  if (duplicates && mode === 'Warn') ctx.state.warnings.add(duplicates)
  return { config: value as unknown as ApiObject, force: isTrue(query.get('force')) }
}

const notJson = (why: string): StatusError =>
  badRequest(`error decoding YAML: error unmarshaling JSON: while decoding JSON: ${why}`)

const PATCH_OPTIONS = { group: 'meta.k8s.io', kind: 'PatchOptions' }

/** @throws StatusError 422 where `force` is given for a patch that is no apply */
export function refuseForce({ state }: ApiContext): void {
  if (!state.info.query.has('force')) return
  throw invalid(PATCH_OPTIONS, '', [forbiddenField('force', 'may not be specified for non-apply patch')])
}

/** The text of an apply request; `duplicates` says which keys stand twice. @throws StatusError 400 */
async function parseConfiguration(body: Buffer): Promise<{ value: unknown; duplicates?: string }> {
  const text = body.toString()
  const json = isUtf8(body) ? readJson(text, jsonParser(body)) : undefined
  const fault = numberFault(text, json)
  if (fault) throw notJson(fault)
  if (json !== undefined && findDuplicates(text, json).length === 0) return { value: json }
  const { readApplied } = await import('../pipeline/yaml.ts')
  return readApplied(body)
}

function readJson(text: string, parse: ParseJson): unknown {
  if (!/^\s*\{/.test(text)) return undefined
  try {
    return parse(text)
  } catch {
    return undefined
  }
}
