import { difference, type FieldSet, isEmpty, isSameSet, SELF } from './field-set.ts'
import { fieldSetText, parseFieldSet } from './field-set-text.ts'

/** One writer: records that agree in this are one. Appliers are the same in every version. */
export interface Manager {
  manager: string
  operation: 'Apply' | 'Update'
  /** Version of the API that the fields are paths in. */
  apiVersion: string
  subresource?: string | undefined
}

/** Whether two are the same writer. */
export function isSameManager(a: Manager, b: Manager): boolean {
  return (
    a.manager === b.manager &&
    a.operation === b.operation &&
    (a.subresource ?? '') === (b.subresource ?? '') &&
    (a.operation === 'Apply' || a.apiVersion === b.apiVersion)
  )
}

const FIELDS = ',"fieldsType":"FieldsV1","fieldsV1":'
const SUBRESOURCE = ',"subresource":"'

/**
 * What one writer owns. Its fields stay the text that they are stored as until somebody asks for them: most writes leave
 * most owners alone.
 */
export class Owner implements Manager {
  readonly manager: string
  readonly operation: 'Apply' | 'Update'
  readonly apiVersion: string
  readonly subresource: string | undefined
  /** RFC 3339, whole seconds. */
  readonly time: string | undefined
  #fields: FieldSet | undefined
  #text: string | undefined

  constructor(manager: Manager, fields: FieldSet | string, time?: string) {
    this.manager = manager.manager
    this.operation = manager.operation
    this.apiVersion = manager.apiVersion
    this.subresource = manager.subresource || undefined
    this.time = time
    if (typeof fields === 'string') this.#text = fields
    else this.#fields = fields
  }

  /** Reads what {@link Owner.text} wrote. */
  static read(text: string): Owner {
    const start = text.indexOf(FIELDS)
    // What ends without a brace ends with the subresource: fields are an object.
    const end = text.endsWith('"}') ? text.lastIndexOf(SUBRESOURCE) : text.length - 1
    const head = JSON.parse(text.slice(0, start) + text.slice(end)) as Manager & { time?: string }
    return new Owner(head, text.slice(start + FIELDS.length, end), head.time)
  }

  get fields(): FieldSet {
    this.#fields ??= parseFieldSet(this.#text!)
    return this.#fields
  }

  get fieldsText(): string {
    this.#text ??= fieldSetText(this.#fields!)
    return this.#text
  }

  /** An entry of managedFields as JSON, its members in the order of Go's type. */
  get text(): string {
    const { manager, operation, apiVersion, time, subresource } = this
    const head = `{"manager":${JSON.stringify(manager)},"operation":"${operation}","apiVersion":${JSON.stringify(apiVersion)}`
    const at = time ? `,"time":${JSON.stringify(time)}` : ''
    const tail = subresource ? `${SUBRESOURCE}${JSON.stringify(subresource).slice(1)}` : ''
    return `${head}${at}${FIELDS}${this.fieldsText}${tail}}`
  }

  /** The same writer with other fields. */
  with(fields: FieldSet, time = this.time): Owner {
    return fields === this.#fields && time === this.time ? this : new Owner(this, fields, time)
  }

  /** The same fields as of another time. */
  at(time: string | undefined): Owner {
    return time === this.time ? this : new Owner(this, this.#fields ?? this.#text!, time)
  }

  /** False where it owns nothing of a set for sure; that is found out without reading the fields. */
  mayOwn(set: FieldSet): boolean {
    return this.#fields !== undefined || mayContain(this.#text!, set)
  }

  /** What it owns beside a set, undefined where that is nothing. */
  without(set: FieldSet | undefined): Owner | undefined {
    if (!set || !this.mayOwn(set)) return this
    const fields = difference(this.fields, set)
    return isEmpty(fields) ? undefined : this.with(fields)
  }

  /** Whether both own the same. Of equal sets the texts are as long, if not always in the same order. */
  ownsSame(other: Owner): boolean {
    const [mine, others] = [this.fieldsText, other.fieldsText]
    return mine === others || (mine.length === others.length && isSameSet(this.fields, other.fields))
  }
}

/** Whether a set's text may have a member of another set: it has none whose path elements do not all occur in it. */
function mayContain(text: string, set: FieldSet): boolean {
  for (const element in set) {
    if (element === SELF) return true
    if (!text.includes(JSON.stringify(element))) continue
    const node = set[element]!
    if (isEmpty(node) || mayContain(text, node)) return true
  }
  return false
}
