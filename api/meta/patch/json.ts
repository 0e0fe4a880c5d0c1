import { badRequest, StatusError, tooLarge, unprocessable } from '../status.ts'
import { getOwn, isMap, isSame, type Json, setOwn } from './own.ts'

/** One step of a JSON patch (RFC 6902). */
export interface JsonPatchOperation {
  op: 'add' | 'remove' | 'replace' | 'move' | 'copy' | 'test'
  path: string
  from?: string
  value?: unknown
}

const MOST_OPERATIONS = 10_000
/** Bytes that all `copy` steps of one patch may add: as much as a request's body may have. */
const MOST_COPIED = 3 * 1024 * 1024

/**
 * Applies a JSON patch, all of it or nothing: `target` is never changed, and what the patch does not touch is shared.
 * @throws StatusError 400 when it is no JSON patch, 413 when it is too long, 422 when a step fails (its `cause` says
 * which; the message is upstream's, which does not).
 */
export function applyJsonPatch<T extends object>(target: T, patch: unknown): T {
  const operations = readOperations(patch)
  const budget = { copied: 0 }
  let document: unknown = target
  operations.forEach((operation, i) => {
    try {
      document = applyOperation(document, operation, budget)
    } catch (error) {
      if (error instanceof StatusError) throw error
      throw unprocessable(new Error(`operation ${i} (${operation.op} ${operation.path})`, { cause: error }))
    }
  })
  return document as T
}

function readOperations(patch: unknown): JsonPatchOperation[] {
  if (!Array.isArray(patch) || !patch.every(isMap))
    throw badRequest(
      `error decoding patch: json: cannot unmarshal ${typeName(patch)} into Go value of type jsonpatch.Patch`,
    )
  if (patch.length > MOST_OPERATIONS)
    throw tooLarge(
      `The allowed maximum operations in a JSON patch is ${MOST_OPERATIONS}, got ${patch.length}`,
    )
  return patch as unknown as JsonPatchOperation[]
}

const typeName = (value: unknown): string => (Array.isArray(value) ? 'array' : typeof value)

function applyOperation(
  document: unknown,
  operation: JsonPatchOperation,
  budget: { copied: number },
): unknown {
  const path = parsePointer(operation.path)
  switch (operation.op) {
    case 'add':
      return add(document, path, requireValue(operation))
    case 'remove':
      return remove(document, path)
    case 'replace':
      return path.length === 0 ? requireValue(operation) : replace(document, path, requireValue(operation))
    case 'move':
      return move(document, parsePointer(operation.from), path)
    case 'copy':
      return add(document, path, copied(readOrNull(document, parsePointer(operation.from)), budget))
    case 'test':
      return test(document, path, operation.value)
    default:
      throw new Error(`unexpected kind: ${(operation as { op: unknown }).op}`)
  }
}

function requireValue(operation: JsonPatchOperation): unknown {
  if (!Object.hasOwn(operation, 'value')) throw new Error('missing value')
  return operation.value
}

function copied(value: unknown, budget: { copied: number }): unknown {
  budget.copied += JSON.stringify(value).length
  if (budget.copied > MOST_COPIED)
    throw tooLarge(
      `Unable to complete the copy, the accumulated size increase of copy is ${budget.copied}, exceeding the limit ${MOST_COPIED}`,
    )
  return value
}

/** JSON pointer (RFC 6901) to its segments. */
function parsePointer(pointer: unknown): string[] {
  if (typeof pointer !== 'string') throw new Error('missing pointer')
  if (pointer === '') return []
  if (!pointer.startsWith('/')) throw new Error(`pointer does not start with "/": ${pointer}`)
  return pointer
    .slice(1)
    .split('/')
    .map(segment => segment.replaceAll('~1', '/').replaceAll('~0', '~'))
}

/** Place in an array. Negative ones count from the end, as upstream's library allows. */
function arrayIndex(segment: string, length: number, max: number): number {
  if (!/^-?\d+$/.test(segment)) throw new Error(`no index: ${segment}`)
  const given = Number(segment)
  const index = given < 0 ? given + length : given
  if (index < 0 || index > max) throw new Error(`index out of range: ${segment}`)
  return index
}

/** The value at the path. @throws Error where there is none. */
function read(document: unknown, path: readonly string[]): unknown {
  let value = document
  for (const segment of path) {
    if (Array.isArray(value)) value = value[arrayIndex(segment, value.length, value.length - 1)]
    else if (isMap(value) && Object.hasOwn(value, segment)) value = value[segment]
    else throw new Error(`nothing at ${segment}`)
  }
  return value
}

type Change = (parent: Json | unknown[], last: string) => void

/** Copies what is on the way to the parent of `path`, lets `change` work on the copy of the parent. */
function withParent(document: unknown, path: readonly string[], change: Change): unknown {
  const [head, ...rest] = path
  if (head === undefined) throw new Error('the whole document cannot be removed')
  if (Array.isArray(document)) {
    const copy = [...document]
    if (rest.length === 0) change(copy, head)
    else {
      const index = arrayIndex(head, copy.length, copy.length - 1)
      copy[index] = withParent(copy[index], rest, change)
    }
    return copy
  }
  if (!isMap(document)) throw new Error(`nothing at ${head}`)
  const copy = { ...document }
  if (rest.length === 0) change(copy, head)
  else {
    if (!Object.hasOwn(copy, head)) throw new Error(`nothing at ${head}`)
    setOwn(copy, head, withParent(getOwn(copy, head), rest, change))
  }
  return copy
}

function add(document: unknown, path: string[], value: unknown): unknown {
  if (path.length === 0) return value
  return withParent(document, path, (parent, last) => {
    if (!Array.isArray(parent)) setOwn(parent, last, value)
    else if (last === '-') parent.push(value)
    else parent.splice(arrayIndex(last, parent.length, parent.length), 0, value)
  })
}

/** A member that is not there is added (as upstream's library does). */
function replace(document: unknown, path: string[], value: unknown): unknown {
  return withParent(document, path, (parent, last) => {
    if (Array.isArray(parent)) parent[arrayIndex(last, parent.length, parent.length - 1)] = value
    else setOwn(parent, last, value)
  })
}

function remove(document: unknown, path: string[]): unknown {
  return withParent(document, path, (parent, last) => {
    if (Array.isArray(parent)) parent.splice(arrayIndex(last, parent.length, parent.length - 1), 1)
    else if (Object.hasOwn(parent, last)) delete parent[last]
    else throw new Error(`nothing at ${last}`)
  })
}

function move(document: unknown, from: string[], path: string[]): unknown {
  const isInside = from.length < path.length && from.every((segment, i) => segment === path[i])
  if (isInside) throw new Error('a value cannot be moved into itself')
  const value = read(document, from)
  return add(remove(document, from), path, value)
}

/** The value at the path; null for a missing member, as upstream's library has it. */
function readOrNull(document: unknown, path: string[]): unknown {
  const parent = read(document, path.slice(0, -1))
  const isAbsent = path.length > 0 && isMap(parent) && !Object.hasOwn(parent, path.at(-1)!)
  return isAbsent ? null : read(document, path)
}

/** A missing member passes a test for null. */
function test(document: unknown, path: string[], expected: unknown): unknown {
  if (!isSame(readOrNull(document, path), expected ?? null)) throw new Error('testing value failed')
  return document
}
