import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { PatchField, PatchSchema } from '../meta/patch/strategic.ts'
import { type CustomDefinition, decodeCustom } from './custom.ts'
import { Decoder } from './decode.ts'
import {
  type ColumnTexts,
  type Definition,
  type Descriptions,
  isReference,
  type SchemaFile,
  splitType,
} from './definition.ts'
import { MergeTypes } from './merge/merge-types.ts'

/** Where the generator writes. */
export const GENERATED = fileURLToPath(new URL('../../generated/', import.meta.url))

/** Thrown when the schemas were not generated, or cannot be read. */
export class SchemaError extends Error {
  readonly code = 'ERR_SCHEMAS'
}

/** The schemas of all kinds. */
export interface SchemaSet {
  /** Changes when the schemas change. */
  readonly stamp: string
  /** Definitions by name (`io.k8s.api.core.v1.Pod`). */
  readonly definitions: Readonly<Record<string, Definition>>
  /** Definitions of custom resources by name (`com.example.v1.CronTab`): they come and go while the server runs. */
  readonly custom: Map<string, CustomDefinition>
  /** Allowed values of enumerated types. */
  readonly enums: Readonly<Record<string, string[]>>
  /** See {@link Decoder.decode}. A definition that is not known is taken as free-form: nothing is checked. */
  decode(name: string, object: object): string[]
  /** How objects of a definition are strategically merged; undefined when it is not known. */
  patchSchema(name: string): PatchSchema | undefined
  /** How server-side apply merges objects, and what of them can be owned. */
  readonly mergeTypes: MergeTypes
  /** Reads the descriptions anew: they are large, and rarely asked for. */
  descriptions(): Descriptions
}

/**
 * Reads the generated schemas.
 * @param folder holds `schema.json` and `descriptions.json`
 * @throws SchemaError
 */
export function loadSchemas(folder: string = GENERATED): SchemaSet {
  const file = readGenerated<SchemaFile>(folder, 'schema.json')
  const decoder = new Decoder(file)
  const patchSchemas = new Map<string, PatchSchema>()
  const custom = new Map<string, CustomDefinition>()
  const set: SchemaSet = {
    stamp: file.stamp,
    definitions: file.definitions,
    custom,
    enums: file.enums,
    decode(name, object) {
      if (Object.hasOwn(file.definitions, name)) return decoder.decode(name, object)
      const definition = custom.get(name)
      return definition ? decodeCustom(object, definition, decoder) : []
    },
    patchSchema: name => {
      const definition = file.definitions[name]
      if (!definition) return undefined
      const known = patchSchemas.get(name) ?? makePatchSchema(definition, set)
      patchSchemas.set(name, known)
      return known
    },
    mergeTypes: new MergeTypes(file.definitions),
    descriptions: () => readGenerated<Descriptions>(folder, 'descriptions.json'),
  }
  return set
}

let columnTexts: ColumnTexts | undefined

/** The text of a column of a built-in kind, undefined where there is none. Texts are read when first asked for. */
export function columnText(kind: string, column: string): string | undefined {
  columnTexts ??= readGenerated<ColumnTexts>(GENERATED, 'columns.json')
  return columnTexts.kinds[kind]?.[column] ?? columnTexts.common[column]
}

function readGenerated<T>(folder: string, name: string): T {
  try {
    return JSON.parse(readFileSync(`${folder}/${name}`, 'utf8')) as T
  } catch (cause) {
    throw new SchemaError(
      `cannot read ${name} in ${folder}: run "npm run setup", which makes it (${(cause as Error).message})`,
      { cause },
    )
  }
}

function makePatchSchema(definition: Definition, schemas: SchemaSet): PatchSchema {
  const known = new Map<string, PatchField>()
  return {
    patchField(name) {
      let field = known.get(name)
      if (!field && Object.hasOwn(definition.fields, name)) {
        field = makePatchField(definition, name, schemas)
        known.set(name, field)
      }
      return field
    },
  }
}

function makePatchField(definition: Definition, name: string, schemas: SchemaSet): PatchField {
  const { inner } = splitType(definition.fields[name]!)
  const { strategy, key } = definition.patches?.[name] ?? {}
  return {
    strategy: mergeStrategy(strategy),
    mergeKey: key,
    schema: isReference(inner) ? schemas.patchSchema(inner) : undefined,
  }
}

/** The server has no use for `retainKeys`: the patch itself says so where it is meant. */
function mergeStrategy(strategy: string | undefined): 'merge' | 'replace' | undefined {
  const [first] = (strategy ?? '').split(',')
  return first === 'merge' || first === 'replace' ? first : undefined
}
