import { goText, goType } from '../go-text.ts'
import { badRequest, unprocessable } from '../status.ts'
import { orderElements } from './element-order.ts'
import { getOwn, isMap, isSame, type Json, setOwn } from './own.ts'

/**
 * What strategic merge must know of a schema. Free-form content has no schema: its maps are merged, its lists replaced.
 */
export interface PatchSchema {
  /** What is known of a member, undefined where nothing is. */
  patchField(name: string): PatchField | undefined
}

/** How one member is patched. */
export interface PatchField {
  /** `merge` lists are merged by key (or as sets), `replace` ones are exchanged whole. */
  strategy?: 'merge' | 'replace' | undefined
  /** The member that names an element of a list of objects. */
  mergeKey?: string | undefined
  /** Schema of the member's value, or of its elements. */
  schema?: PatchSchema | undefined
}

const DIRECTIVE = '$patch'
const RETAIN_KEYS = '$retainKeys'
const DELETE_FROM_PRIMITIVES = '$deleteFromPrimitiveList/'
const SET_ELEMENT_ORDER = '$setElementOrder/'

const badDirective = (directive: unknown, map: Json): Error =>
  badRequest(`unknown patch type: ${goText(directive)} in map: ${goText(map)}`)
const noMergeKey = (map: unknown, key: string): Error =>
  badRequest(`map: ${goText(map)} does not contain declared merge key: ${key}`)
const noList = (value: unknown): Error =>
  badRequest(`expected a []interface {}, but received a ${goType(value)}`)

/**
 * Strategic merge patch, with the directives `$patch`, `$retainKeys`, `$deleteFromPrimitiveList/…` and
 * `$setElementOrder/…`. Neither `target` nor `patch` is changed; what the patch does not touch is shared.
 * @throws StatusError 400 when the patch is badly formed, 422 for lists of lists.
 */
export function applyStrategicPatch<T extends object>(
  target: T,
  patch: unknown,
  schema: PatchSchema | undefined,
): T {
  if (!isMap(patch)) throw badRequest('invalid JSON document')
  return mergeMaps(target as Json, patch, schema) as T
}

function mergeMaps(original: Json, patch: Json, schema: PatchSchema | undefined): Json {
  if (Object.hasOwn(patch, DIRECTIVE)) return applyMapDirective(patch)
  const keys = Object.keys(patch)
  if (!keys.some(isDirective)) return mergePlain(original, patch, keys, schema)
  const result = retainKeys(original, patch)
  for (const key of keys) {
    if (key === RETAIN_KEYS || key.startsWith(SET_ELEMENT_ORDER)) continue
    if (key.startsWith(DELETE_FROM_PRIMITIVES))
      deletePrimitives(result, key.slice(DELETE_FROM_PRIMITIVES.length), patch[key])
    else {
      const order = patch[key] === null ? undefined : elementOrder(patch, key)
      mergeMember(result, key, patch[key], schema, order)
    }
  }
  reorderUntouched(result, patch, schema)
  return result
}

const isDirective = (key: string): boolean => key.startsWith('$')

/** A patch that is nothing but what it sets. */
function mergePlain(
  original: Json,
  patch: Json,
  keys: readonly string[],
  schema: PatchSchema | undefined,
): Json {
  const result = { ...original }
  for (const key of keys) mergeMember(result, key, patch[key], schema, undefined)
  return result
}

function applyMapDirective(patch: Json): Json {
  const { [DIRECTIVE]: directive, ...rest } = patch
  if (directive === 'replace') return rest
  if (directive === 'delete') return {}
  throw badDirective(directive, patch)
}

/** `$retainKeys` names the only members that stay; the patch may set no other. */
function retainKeys(original: Json, patch: Json): Json {
  const result = { ...original }
  if (!Object.hasOwn(patch, RETAIN_KEYS)) return result
  const kept = patch[RETAIN_KEYS]
  if (!Array.isArray(kept)) throw badRequest('invalid patch format of retainKeys')
  const isSet = (key: string): boolean => patch[key] !== null && !key.startsWith('$')
  if (Object.keys(patch).some(key => isSet(key) && !kept.includes(key)))
    throw badRequest('invalid patch format of retainKeys')
  for (const key of Object.keys(result)) if (!kept.includes(key)) delete result[key]
  return result
}

function deletePrimitives(result: Json, key: string, values: unknown): void {
  if (!Array.isArray(values)) throw badRequest('invalid patch format of primitive list')
  const list = getOwn(result, key)
  if (list === undefined || list === null) return
  if (!Array.isArray(list)) return
  result[key] = list.filter(item => !values.some(value => isSame(value, item)))
}

function mergeMember(
  result: Json,
  key: string,
  value: unknown,
  schema: PatchSchema | undefined,
  order: unknown[] | undefined,
): void {
  if (value === null) {
    delete result[key]
    return
  }
  const old = getOwn(result, key)
  const field = schema?.patchField(key)
  if (order) {
    for (const list of [old, value]) if (list !== undefined && !Array.isArray(list)) throw noList(list)
    checkOrder(order, value as unknown[], field?.mergeKey)
  }
  if (isMap(old) && isMap(value)) {
    const merged = field?.strategy === 'replace' ? value : mergeMaps(old, value, field?.schema)
    setOwn(result, key, merged)
  } else if (Array.isArray(old) && Array.isArray(value) && field?.strategy === 'merge') {
    const aligned = order ? undefined : mergeAligned(old, value, field)
    if (aligned) {
      setOwn(result, key, aligned)
      return
    }
    const merged = mergeLists(old, value, field)
    const wanted = order ?? value.filter(item => !hasDirective(item))
    setOwn(result, key, orderElements(merged, wanted, old, field.mergeKey))
  } else setOwn(result, key, withoutDirectives(value))
}

/** An order given for a list that the patch does not otherwise touch. */
function reorderUntouched(result: Json, patch: Json, schema: PatchSchema | undefined): void {
  for (const directive of Object.keys(patch)) {
    if (!directive.startsWith(SET_ELEMENT_ORDER)) continue
    const key = directive.slice(SET_ELEMENT_ORDER.length)
    const order = elementOrder(patch, key)!
    const list = getOwn(result, key)
    if (Object.hasOwn(patch, key) || list === undefined) continue
    if (!Array.isArray(list)) throw noList(list)
    setOwn(result, key, orderElements(list, order, list, schema?.patchField(key)?.mergeKey))
  }
}

function elementOrder(patch: Json, key: string): unknown[] | undefined {
  const order = getOwn(patch, SET_ELEMENT_ORDER + key)
  if (order === undefined) return undefined
  if (!Array.isArray(order)) throw noList(order)
  return order
}

/** What the patch adds or changes must stand in the order list, in the same order. */
function checkOrder(order: unknown[], list: unknown[], mergeKey: string | undefined): void {
  if (order.length === 0 || list.length === 0) return
  const keyOf = (item: unknown): unknown => (mergeKey && isMap(item) ? item[mergeKey] : item)
  const ordered = order.map(keyOf)
  const places = list
    .filter(item => !hasDirective(item))
    .map(item => ordered.findIndex(key => isSame(key, keyOf(item))))
  const isInOrder = places.every((place, i) => place >= 0 && (i === 0 || place > places[i - 1]!))
  if (isInOrder) return
  const [given, wanted] = [goText(list), goText(order)]
  throw badRequest(`The order in patch list:\n${given}\n doesn't match $setElementOrder list:\n${wanted}\n`)
}

const hasDirective = (item: unknown): boolean => isMap(item) && Object.hasOwn(item, DIRECTIVE)

function mergeLists(old: unknown[], patch: unknown[], field: PatchField): unknown[] {
  const first = old.length > 0 ? old[0] : patch[0]
  if (Array.isArray(first)) throw unprocessable(new Error('lists of lists are not supported'))
  const isOfMaps = isMap(first)
  const isAlike = (item: unknown): boolean => (isOfMaps ? isMap(item) : goType(item) === goType(first))
  if (!old.every(isAlike) || !patch.every(isAlike))
    throw badRequest(`list element types are not identical: ${goText([old, patch])}`)
  if (!isOfMaps) return union(old, patch)
  if (!field.mergeKey) throw badRequest('cannot merge lists without merge key')
  return mergeByKey(old, patch, field.mergeKey, field.schema)
}

/**
 * A list whose elements are patched one by one, each once and in the order they stand in: the usual case of a status.
 * Undefined for any other.
 */
function mergeAligned(
  old: unknown[],
  patch: unknown[],
  { mergeKey, schema }: PatchField,
): unknown[] | undefined {
  if (!mergeKey || old.length !== patch.length || old.length === 0) return undefined
  const seen: unknown[] = []
  for (let i = 0; i < old.length; i++) {
    const [before, after] = [old[i], patch[i]]
    if (!isMap(before) || !isMap(after) || hasDirective(after)) return undefined
    const key = after[mergeKey]
    if (typeof key !== 'string' || before[mergeKey] !== key || seen.includes(key)) return undefined
    seen.push(key)
    if (seen.length > MOST_ALIGNED) return undefined
  }
  return old.map((before, i) => mergeMaps(before as Json, patch[i] as Json, schema))
}

/** Of more the way with an index is faster. */
const MOST_ALIGNED = 16

const union = (old: unknown[], patch: unknown[]): unknown[] => [...new Set([...old, ...patch])]

function mergeByKey(
  old: unknown[],
  patch: unknown[],
  mergeKey: string,
  schema: PatchSchema | undefined,
): unknown[] {
  let result = applyListDirectives(old, patch, mergeKey)
  for (const item of patch) {
    if (hasDirective(item)) continue
    const key = isMap(item) ? item[mergeKey] : undefined
    if (key === undefined) throw noMergeKey(item, mergeKey)
    const index = result.findIndex(element => isMap(element) && isSame(element[mergeKey], key))
    if (index < 0) result = [...result, withoutDirectives(item)]
    else result = result.with(index, mergeMaps(result[index] as Json, item as Json, schema))
  }
  return result
}

/** `$patch: delete` takes out the element of the same key, `$patch: replace` empties the list first. */
function applyListDirectives(old: unknown[], patch: unknown[], mergeKey: string): unknown[] {
  let result = old
  let isReplaced = false
  for (const item of patch) {
    if (!isMap(item) || !Object.hasOwn(item, DIRECTIVE)) continue
    const directive = item[DIRECTIVE]
    if (directive === 'replace') isReplaced = true
    else if (directive === 'delete') {
      if (item[mergeKey] === undefined) throw noMergeKey(item, mergeKey)
      result = result.filter(element => !isMap(element) || !isSame(element[mergeKey], item[mergeKey]))
    } else if (directive === 'merge') throw badRequest('merging lists cannot yet be specified in the patch')
    else throw badDirective(directive, item)
  }
  return isReplaced ? [] : result
}

/** What is set where nothing was: directives and nulls have nothing to work on there. */
function withoutDirectives(value: unknown): unknown {
  if (Array.isArray(value)) return value.filter(item => !hasDirective(item)).map(withoutDirectives)
  if (!isMap(value)) return value
  const result: Json = {}
  for (const key of Object.keys(value)) {
    const isDirective =
      key === DIRECTIVE || key === RETAIN_KEYS || /^\$(setElementOrder|deleteFromPrim)/.test(key)
    if (!isDirective && value[key] !== null) setOwn(result, key, withoutDirectives(value[key]))
  }
  return result
}
