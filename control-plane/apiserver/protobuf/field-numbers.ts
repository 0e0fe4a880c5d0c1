import { access } from './field-numbers/access.ts'
import { cluster } from './field-numbers/cluster.ts'
import { core } from './field-numbers/core.ts'
import { extensions } from './field-numbers/extensions.ts'
import { workloads } from './field-numbers/workloads.ts'

/**
 * The protobuf field numbers of the API's types: package → type → its fields in the order of their numbers, the first
 * word having number 1. What else there is to know (the fields' types) is in the schemas.
 *
 * - `-` is a number that is not used.
 * - `name?`: the zero value of this scalar has a meaning (a pointer in Go, or never left out of the JSON). The other
 *   scalars are always on the wire, and left out of the JSON when they are empty.
 * - `*Type`: the message is embedded: its fields belong to the object itself.
 * - `name=Union`: what may be of several sorts in JSON has a message of its own: a schema or a list of them, a boolean or a schema …
 */
export type FieldNumbers = Record<string, Record<string, string>>

const TABLES: FieldNumbers = { ...core, ...workloads, ...access, ...cluster, ...extensions }

/** Fields of a JSON schema that are of several sorts. */
export type UnionName = 'OrArray' | 'OrBool' | 'OrStrings'

/** One field of a message. */
export interface WireField {
  name: string
  keepsZero: boolean
  isEmbedded: boolean
  union: UnionName | undefined
}

const compiled = new Map<string, readonly (WireField | undefined)[] | undefined>()

/** The fields of a type (`io.k8s.api.core.v1.Pod`) by their number; undefined when the type is not known. */
export function wireFields(definition: string): readonly (WireField | undefined)[] | undefined {
  if (!compiled.has(definition)) compiled.set(definition, compile(definition))
  return compiled.get(definition)
}

function compile(definition: string): (WireField | undefined)[] | undefined {
  const dot = definition.lastIndexOf('.')
  const words = TABLES[definition.slice(0, dot)]?.[definition.slice(dot + 1)]
  if (words === undefined) return undefined
  return [undefined, ...words.split(' ').map(readWord)]
}

function readWord(word: string): WireField | undefined {
  if (word === '-' || word === '') return undefined
  const isEmbedded = word.startsWith('*')
  const keepsZero = word.endsWith('?')
  const [name = '', union] = word.replace(/^\*|\?$/g, '').split('=')
  return { name, keepsZero, isEmbedded, union: union as UnionName | undefined }
}
