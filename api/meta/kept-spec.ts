import { cloneJson } from './clone.ts'
import { type ParseJson, parseJson } from './json.ts'
import { memberText } from './json-text.ts'
import type { ApiObject } from './object.ts'
import { type Json, setOwn } from './patch/own.ts'

/**
 * Specs that stay text until somebody reads them. Most writes of an object leave its spec alone, which is most of it: a
 * status need not have it parsed, copied, compared and written out anew.
 */
export class SpecText {
  /** The spec as JSON, as `JSON.stringify` gives it. */
  readonly text: string
  readonly #parse: ParseJson
  #value: object | undefined

  /** `parse` reads it, or a part of it. */
  constructor(text: string, parse: ParseJson = parseJson) {
    this.text = text
    this.#parse = parse
  }

  /** The spec, shared by all who ask: never change it. */
  get value(): object {
    this.#value ??= this.#parse(this.text) as object
    return this.#value
  }

  /** The spec for a caller who may change it. */
  fresh(): object {
    return this.#value ? cloneJson(this.#value) : this.#parse(this.text)
  }

  /** One field of the spec, without reading the others. It may be shared. */
  field(name: string): unknown {
    if (this.#value) return (this.#value as Record<string, unknown>)[name]
    const text = memberText(this.text, name)
    return text === undefined ? undefined : this.#parse(text)
  }
}

/** What stands behind the `spec` of one object. */
interface Cell {
  /** What it is as long as nobody may have changed it. */
  kept: SpecText | undefined
  /** What was made of it, or put in its place. */
  own: unknown
  isShared: boolean
}

const CELL = Symbol('spec')

/** While true, the property gives the text and not what it stands for. */
let isPeeking = false

type Celled = { [CELL]?: Cell }

/** Reading the spec of an object that may be changed is as much as changing it: nobody can tell. */
const ACCESSOR: PropertyDescriptor & ThisType<Required<Celled>> = {
  enumerable: true,
  configurable: true,
  get() {
    const cell = this[CELL]
    if (!cell.kept) return cell.own
    if (isPeeking) return cell.kept
    if (cell.isShared) return cell.kept.value
    cell.own ??= cell.kept.fresh()
    cell.kept = undefined
    return cell.own
  },
  set(value: unknown) {
    this[CELL] = { kept: undefined, own: value, isShared: false }
  },
}

const HIDDEN: PropertyDescriptor = { writable: true, enumerable: false, configurable: true }

/** Gives an object a spec, which must have none yet; `own` is the same parsed, where that is at hand. */
export function attachSpec(object: object, kept: SpecText, own?: unknown): void {
  Object.defineProperty(object, 'spec', ACCESSOR)
  Object.defineProperty(object, CELL, { ...HIDDEN, value: { kept, own, isShared: false } satisfies Cell })
}

/** The spec of an object as text, where it is known that nobody changed it. */
export function keptSpec(object: object): SpecText | undefined {
  if (!(object as Celled)[CELL]) return undefined
  // The property may have been taken away or replaced since: it is asked itself.
  isPeeking = true
  const { spec } = object as { spec?: unknown }
  isPeeking = false
  return spec instanceof SpecText ? spec : undefined
}

/** From now on nobody changes the object any more. */
export function shareSpec(object: object): void {
  const cell = (object as Celled)[CELL]
  if (cell) cell.isShared = true
}

/** Whether two objects have the same spec for sure; false where that would have to be looked for. */
export function hasKeptSpec(object: object, old: object): boolean {
  const kept = keptSpec(object)
  return kept !== undefined && kept === keptSpec(old)
}

/**
 * An object that may be changed, with this spec in place of its own; one without a spec gets it behind its metadata. The given
 * object is used up.
 */
export function withSpec<T extends Json>(object: T, kept: SpecText, own?: unknown): T {
  const result: Json = {}
  const place = 'spec' in object ? 'spec' : 'metadata'
  for (const field of Object.keys(object)) {
    if (field !== 'spec') setOwn(result, field, object[field])
    if (field === place) attachSpec(result, kept, own)
  }
  if (!(place in object)) attachSpec(result, kept, own)
  return result as T
}

/** An object to compare with another one that has the same kept spec. */
export function withoutSpec<T extends Json>(object: T): T {
  const result: Json = {}
  for (const field of Object.keys(object)) if (field !== 'spec') setOwn(result, field, object[field])
  return result as T
}

/** One field of an object's spec, which is not read as a whole for that. It may be shared. */
export function specField(object: ApiObject, name: string): any {
  const kept = keptSpec(object)
  return kept ? kept.field(name) : object.spec?.[name]
}
