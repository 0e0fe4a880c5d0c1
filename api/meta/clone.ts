import { setOwn } from './patch/own.ts'

/**
 * A copy of a JSON value. Members that are undefined are left out, as JSON does. Several times as fast as parsing the
 * value's text, and as `structuredClone`, which must be ready for any value.
 */
export function cloneJson<T>(value: T): T {
  if (typeof value !== 'object' || value === null) return value
  return (Array.isArray(value) ? cloneList(value) : cloneMap(value as Record<string, unknown>)) as T
}

function cloneList(list: readonly unknown[]): unknown[] {
  const copy = new Array(list.length)
  for (let i = 0; i < list.length; i++) copy[i] = cloneJson(list[i])
  return copy
}

function cloneMap(map: Record<string, unknown>): Record<string, unknown> {
  const copy: Record<string, unknown> = {}
  for (const key in map) {
    const member = map[key]
    if (member === undefined) continue
    if (key === '__proto__') setOwn(copy, key, cloneJson(member))
    else copy[key] = typeof member === 'object' ? cloneJson(member) : member
  }
  return copy
}
