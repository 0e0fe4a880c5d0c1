import type { KindDeclaration } from '../../api/kinds/kind.ts'
import type { Definition, Descriptions, SchemaFile } from '../../api/schema/definition.ts'
import { ENUMS } from '../../api/schema/tables/enums.ts'
import { CORE_MODELS, EXTRA_ROOTS, META_MODELS } from '../../api/schema/tables/packages.ts'
import {
  ATOMIC_DEFINITIONS,
  ATOMIC_FIELDS,
  GRANULAR_FIELDS,
  LISTS,
  PATCHES,
} from '../../api/schema/tables/patches.ts'
import { QUANTITIES } from '../../api/schema/tables/quantities.ts'
import { SPECIAL_TYPES } from '../../api/schema/tables/special-types.ts'
import type { Model, ModelProperty } from './read-models.ts'

const META = 'io.k8s.apimachinery.pkg.apis.meta.v1.'

/** What is written for the kinds declared: definitions of all that they reach, and their texts (see the readers). */
export function buildDefinitions(
  kinds: readonly KindDeclaration[],
  readModel: (name: string) => Model | undefined,
  readComments: (short: string) => ReadonlyMap<string, string>,
): Omit<SchemaFile, 'stamp'> & { descriptions: Descriptions } {
  const builder = new Builder(readModel, readComments)
  const roots = [...kinds.flatMap(({ schema }) => [schema, `${schema}List`]), ...EXTRA_ROOTS]
  for (const root of roots) builder.addRoot(root)
  const enums = Object.fromEntries(
    Object.entries(ENUMS).map(([name, { values }]) => [
      name,
      typeof values === 'string' ? values.split(' ') : [...values],
    ]),
  )
  markKinds(builder.definitions, kinds)
  return { definitions: sorted(builder.definitions), enums, descriptions: sorted(builder.descriptions) }
}

const sorted = <V>(record: Record<string, V>): Record<string, V> =>
  Object.fromEntries(Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1)))

/** Models tell of these types where they should tell of the field. */
const DESCRIBED_BY_TYPE = new Set(['IntOrString', 'V1MicroTime'])

/** `V1Pod`, `CoreV1Event` → version and plain name. */
const MODEL = /^([A-Z][a-z]+)?(V\d+(?:alpha\d+|beta\d+)?)([A-Z]\w*)$/

class Builder {
  readonly definitions: Record<string, Definition> = {}
  readonly descriptions: Descriptions = {}
  readonly #names = new Map<string, string>()
  readonly #readModel: (name: string) => Model | undefined
  readonly #readComments: (short: string) => ReadonlyMap<string, string>

  constructor(
    readModel: (name: string) => Model | undefined,
    readComments: (short: string) => ReadonlyMap<string, string>,
  ) {
    this.#readModel = readModel
    this.#readComments = readComments
  }

  /** Lists of kinds that are not stored have no model, and are not missed. */
  addRoot(schema: string): void {
    const [version = '', name = ''] = schema.split('.').slice(-2)
    const group = schema.split('.').at(-3)!
    const plain = `${capital(version)}${name}`
    const model = this.#readModel(plain) ?? this.#readModel(`${capital(group)}${plain}`)
    if (model) this.#add(model, schema)
    else if (!name.endsWith('List')) throw new Error(`the models lack ${schema}`)
  }

  #add(model: Model, schema: string): void {
    if (this.#names.has(model.name)) return
    this.#names.set(model.name, schema)
    const short = shortName(schema)
    const definition: Definition = { fields: {} }
    this.definitions[schema] = definition
    this.#describe(schema, model)
    for (const property of model.properties)
      definition.fields[property.name] = this.#fieldType(property, short, schema)
    const required = model.properties.filter(({ isRequired }) => isRequired).map(({ name }) => name)
    if (required.length > 0) definition.required = required
    decorate(definition, short)
  }

  #describe(schema: string, { description, properties }: Model): void {
    const texts: Record<string, string> = description ? { '': description } : {}
    const comments = this.#readComments(shortName(schema))
    for (const property of properties) {
      const ownText = DESCRIBED_BY_TYPE.has(property.type) ? '' : property.description
      const text = ownText || comments.get(property.name) || property.description
      if (text) texts[property.name] = text
    }
    this.descriptions[schema] = texts
  }

  #fieldType({ name, type, format }: ModelProperty, short: string, schema: string): string {
    const special = SPECIAL_TYPES[`${short}.${name}`]
    if (special) return special
    const isQuantity = QUANTITIES[short]?.split(' ').includes(name) ?? false
    const item = /^Array<(.*)>$/.exec(type)?.[1]
    const value = /^\{ \[key: string\]: (.*); \}$/.exec(type)?.[1]
    const inner = (of: string): string =>
      isQuantity ? 'quantity' : this.#fieldType(plain(of, format), short, schema)
    if (item) return `[]${inner(item)}`
    if (value) return `{}${inner(value)}`
    return isQuantity ? 'quantity' : (scalar(type, format) ?? this.#reference(type, schema))
  }

  #reference(modelName: string, from: string): string {
    const known = this.#names.get(modelName)
    if (known) return known
    const model = this.#readModel(modelName)
    const [, , version = '', name = ''] = MODEL.exec(modelName) ?? []
    if (!model || !name) throw new Error(`unknown type ${modelName} in ${from}`)
    this.#add(model, packageOf(modelName, version.toLowerCase(), from) + name)
    return this.#names.get(modelName)!
  }
}

const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1)

const plain = (type: string, format: string): ModelProperty => ({
  name: '',
  type,
  format,
  isRequired: false,
  description: '',
})

function packageOf(model: string, version: string, from: string): string {
  if (META_MODELS.has(model)) return META
  if (CORE_MODELS.has(model)) return 'io.k8s.api.core.v1.'
  const parts = from.split('.')
  return `${parts.slice(0, -2).join('.')}.${version}.`
}

/** `core.v1.Pod`, as the tables by hand name definitions. */
export const shortName = (schema: string): string => schema.split('.').slice(-3).join('.')

const FORMATS: Record<string, string> = {
  byte: 'bytes',
  'date-time': 'time',
  'date-time-micro': 'microTime',
  int32: 'int32',
  int64: 'int64',
  double: 'double',
}

function scalar(type: string, format: string): string | undefined {
  if (type === 'IntOrString') return 'intOrString'
  if (type === 'any' || type === 'object') return 'any'
  if (type === 'boolean') return 'boolean'
  if (type === 'V1MicroTime') return 'microTime'
  if (type === 'string' || type === 'number' || type === 'Date')
    return FORMATS[format] ?? (type === 'Date' ? 'time' : type === 'number' ? 'double' : 'string')
  return undefined
}

/** Adds what the hand-made tables know. */
function decorate(definition: Definition, short: string): void {
  for (const field of Object.keys(definition.fields)) {
    const key = `${short}.${field}`
    if (PATCHES[key]) definition.patches = { ...definition.patches, [field]: PATCHES[key] }
    if (LISTS[key]) definition.lists = { ...definition.lists, [field]: LISTS[key] }
    const enumName = ENUM_OF[key]
    if (enumName) definition.enums = { ...definition.enums, [field]: enumName }
    if (ATOMIC_FIELDS.has(key)) definition.atomic = [field]
    if (GRANULAR_FIELDS.has(key)) definition.granular = [field]
  }
  if (ATOMIC_DEFINITIONS.has(short)) definition.atomic = true
}

const ENUM_OF: Record<string, string> = Object.fromEntries(
  Object.entries(ENUMS).flatMap(([name, { fields }]) => fields.split(' ').map(field => [field, name])),
)

function markKinds(definitions: Record<string, Definition>, kinds: readonly KindDeclaration[]): void {
  const groups = new Map(kinds.map(({ schema, group }) => [packagePrefix(schema), group]))
  for (const [name, definition] of Object.entries(definitions)) {
    const [version = '', kind = ''] = name.split('.').slice(-2)
    const group = groups.get(packagePrefix(name))
    const { apiVersion, kind: hasKind, metadata } = definition.fields
    if (apiVersion && hasKind && metadata && group !== undefined)
      definition.kinds = [{ group, version, kind }]
  }
  const versions = new Map(kinds.map(({ group, version }) => [`${group}/${version}`, { group, version }]))
  for (const kind of ['DeleteOptions', 'WatchEvent'])
    definitions[META + kind]!.kinds = [...versions.values()].map(groupVersion => ({ ...groupVersion, kind }))
  definitions[`${META}Status`]!.kinds = [{ group: '', version: 'v1', kind: 'Status' }]
}

/** `io.k8s.api.core`: the package without its version, which all versions of a group share. */
const packagePrefix = (schema: string): string => schema.split('.').slice(0, -2).join('.')
