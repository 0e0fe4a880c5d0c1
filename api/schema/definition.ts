/**
 * Definitions as the generator writes them (`generated/schema.json`).
 *
 * A field's type is a short text: `string`, `boolean`, `int32`, `int64`, `double`, `bytes`, `time`, `microTime`,
 * `quantity`, `intOrString`, `any` (an object without schema), `json` (any value), the name of a definition (`io.k8s…`),
 * and in front of any of these `[]` for a list, `{}` for a map of strings to them, and `?` for a definition or any
 * value that is no object.
 */
export interface Definition {
  fields: Record<string, string>
  required?: string[]
  /** The kinds whose objects this describes. */
  kinds?: { group: string; version: string; kind: string }[]
  /** Strategic merge: strategy and merge key by field. */
  patches?: Record<string, { strategy: string; key?: string }>
  /** Server-side apply: the keys of a list of maps, or `set`; lists not named are atomic. */
  lists?: Record<string, readonly string[] | 'set'>
  /** Fields of an enumerated type: name of the type in {@link SchemaFile.enums}. */
  enums?: Record<string, string>
  /** Replaced whole by server-side apply: all of it, or these fields. */
  atomic?: true | string[]
  /** Fields merged by server-side apply although their type is atomic. */
  granular?: string[]
}

/** Content of `generated/schema.json`. */
export interface SchemaFile {
  /** What it was made from: written again when this changes. */
  stamp: string
  definitions: Record<string, Definition>
  /** Allowed values by Go type name. */
  enums: Record<string, string[]>
}

/** Content of `generated/descriptions.json`: of a definition under `''`, of its fields under their names. */
export type Descriptions = Record<string, Record<string, string>>

/** Content of `generated/columns.json`: texts of the columns that all kinds may have, and of those of kinds. */
export interface ColumnTexts {
  common: Record<string, string>
  kinds: Record<string, Record<string, string>>
}

/** `[]`, `{}` or '' in front of a type, and what follows. */
export function splitType(type: string): { container: '' | '[]' | '{}'; inner: string } {
  if (type.startsWith('[]')) return { container: '[]', inner: type.slice(2) }
  if (type.startsWith('{}')) return { container: '{}', inner: type.slice(2) }
  return { container: '', inner: type }
}

/** The definition of a `?` type, which is one of objects only. */
export const objectTypeOf = (type: string): string | undefined =>
  type.startsWith('?') ? type.slice(1) : undefined

/** True for the name of a definition, false for a type that stands for itself. */
export const isReference = (type: string): boolean => type.startsWith('io.k8s.')
