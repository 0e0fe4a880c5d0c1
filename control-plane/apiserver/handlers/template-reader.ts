import { cloneJson } from '../../../api/meta/clone.ts'
import { parseJson } from '../../../api/meta/json.ts'
import type { ApiObject } from '../../../api/meta/object.ts'

type Members = Record<string, unknown>

/** Where the part begins that objects of one template share. */
const SHARED = ',"spec":{'
const MOST_TEMPLATES = 32
/** Texts that were met once, in which the next one is looked for. */
const MOST_SEEN = 16
/** Longer ones are read as they come. Characters. */
const LONGEST = 16 << 10

/**
 * Reads bodies in JSON that end as others did: objects made from a template (the Pods of one ReplicaSet or Job) have
 * metadata of their own, and from `,"spec":` on the same text. What such an end was read as is kept, and copied for the
 * next one.
 *
 * Where a body was one object with this end, and what stands before the end now is an object when it is closed with a
 * brace, then both together are that object with the members of the end: JSON has no other way to read it.
 */
export class TemplateReader {
  #templates = new Map<string, Members>()
  #seen: string[] = []

  /**
   * The object of a body whose end is known. `read` checks and normalizes what is before the end, as it would the whole
   * object, or says no. `template` is the same for all that have this end. Undefined where the body has to be read as a
   * whole.
   */
  read<T extends ApiObject>(
    text: string,
    read: (head: T, text: string) => boolean,
  ): { object: T; template: object } | undefined {
    const at = sharedAt(text)
    const members = at < 0 ? undefined : this.#templates.get(text.slice(at))
    if (!members) return undefined
    const headText = `${text.slice(0, at)}}`
    const head = parseHead(headText) as T | undefined
    if (!head || Object.keys(members).some(name => Object.hasOwn(head, name))) return undefined
    if (!read(head, headText)) return undefined
    return { object: Object.assign(head, cloneJson(members)), template: members }
  }

  /** To be told of a body that was read as a whole, without any fault. */
  learn(text: string, object: ApiObject): void {
    const at = sharedAt(text)
    if (at < 0) return
    const end = text.slice(at)
    if (!this.#seen.includes(end)) {
      if (this.#seen.push(end) > MOST_SEEN) this.#seen.shift()
      return
    }
    const head = parseHead(`${text.slice(0, at)}}`)
    if (!head) return
    this.#seen = this.#seen.filter(seen => seen !== end)
    if (this.#templates.size >= MOST_TEMPLATES) this.#templates.clear()
    const shared = Object.entries(object).filter(([name]) => !Object.hasOwn(head, name))
    this.#templates.set(end, cloneJson(Object.fromEntries(shared)))
  }
}

/** -1 where there is nothing to share, or too much. */
function sharedAt(text: string): number {
  const at = text.indexOf(SHARED)
  return text.length - at > LONGEST ? -1 : at
}

/** What stands before the end; undefined where it is no object with members (the end was another object's). */
function parseHead(text: string): Members | undefined {
  try {
    const head = parseJson(text)
    return Object.keys(head).length > 0 ? head : undefined
  } catch {
    return undefined
  }
}
