import { access } from './field-numbers/access.ts'
import { cluster } from './field-numbers/cluster.ts'
import { core } from './field-numbers/core.ts'
import { extensions } from './field-numbers/extensions.ts'
import type { FieldNumbers } from './field-numbers/table.ts'
import { workloads } from './field-numbers/workloads.ts'

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

/** The fields of a type, its embedded ones too, whose zero value says no more than none: Go leaves them out of its JSON. */
export function omittedZeros(definition: string): string[] {
  return (wireFields(definition) ?? []).flatMap(field => {
    if (!field || field.keepsZero) return []
    return field.isEmbedded ? omittedZeros(embeddedType(definition, field)) : [field.name]
  })
}

/** The type of an embedded field: it is of the same package. */
export const embeddedType = (definition: string, { name }: Pick<WireField, 'name'>): string =>
  `${definition.slice(0, definition.lastIndexOf('.'))}.${name}`

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
