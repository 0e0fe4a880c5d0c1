import type {
  CustomColumn,
  CustomNames,
  CustomResourceDefinition,
  CustomVersion,
} from '../../../api/kinds/apiextensions.ts'
import { objectAge } from '../../../api/kinds/columns/common.ts'
import { since } from '../../../api/kinds/columns/duration.ts'
import { apiVersion, type Column, type KindDeclaration, type Subresources } from '../../../api/kinds/kind.ts'
import { isNumber } from '../../../api/meta/json.ts'
import { compilePath, PathError } from '../../../api/meta/path.ts'

/** The kind that one version of a CustomResourceDefinition declares, under the names that were accepted. */
export function declarationOf(
  { spec }: CustomResourceDefinition,
  names: CustomNames,
  version: CustomVersion,
): KindDeclaration {
  const { group } = spec
  const {
    plural,
    kind,
    singular = kind.toLowerCase(),
    listKind = `${kind}List`,
    shortNames,
    categories,
  } = names
  return {
    group,
    version: version.name,
    kind,
    listKind,
    plural,
    singular,
    ...(shortNames?.length && { shortNames }),
    ...(categories?.length && { categories }),
    namespaced: spec.scope === 'Namespaced',
    schema: definitionName(group, version.name, kind),
    columns: columnsOf(version),
    subresources: subresourcesOf(version),
    fieldSelectors: fieldSelectorsOf(version),
    ...(version.deprecated && { deprecation: deprecationOf(group, version, kind) }),
    custom: true,
  }
}

/** `com.example.v1.CronTab`: the group backwards, as upstream names definitions. */
const definitionName = (group: string, version: string, kind: string): string =>
  [...group.split('.').reverse(), version, kind].join('.')

const deprecationOf = (group: string, { name, deprecationWarning }: CustomVersion, kind: string): string =>
  deprecationWarning ?? `${apiVersion({ group, version: name })} ${kind} is deprecated`

function subresourcesOf({ subresources }: CustomVersion): Subresources {
  const { status, scale } = subresources ?? {}
  return { ...(status && { status: true }), ...(scale && { scale }) }
}

const NAME: Column = {
  name: 'Name',
  type: 'string',
  format: 'name',
  value: '.metadata.name',
}

const AGE: Column = {
  name: 'Age',
  type: 'date',
  value: objectAge,
}

function columnsOf({ additionalPrinterColumns }: CustomVersion): readonly Column[] {
  return additionalPrinterColumns?.length ? [NAME, ...readable(additionalPrinterColumns)] : [NAME, AGE]
}

/** Columns up to the first whose path nobody can follow: definitions may have any. */
function readable(given: readonly CustomColumn[]): Column[] {
  const columns: Column[] = []
  try {
    for (const column of given) columns.push(columnOf(column))
  } catch (error) {
    if (!(error instanceof PathError)) throw error
  }
  return columns
}

function columnOf({ name, type, jsonPath, format, description, priority }: CustomColumn): Column {
  const read = compilePath(jsonPath)
  return {
    name,
    type: type as Column['type'],
    ...(format && { format }),
    description: description || `Custom resource definition column (in JSONPath format): ${jsonPath}`,
    ...(priority && { priority }),
    value: (object, now) => cellOf(type, read(object), now),
  }
}

/** A cell shows what is found only where that is of the column's type. */
function cellOf(type: string, found: unknown[], now: Date): string | number | bigint | boolean | undefined {
  const [value] = found
  if (value === undefined || value === null) return undefined
  switch (type) {
    case 'integer':
      if (typeof value === 'bigint') return value
      return typeof value === 'number' ? Math.trunc(value) : undefined
    case 'number':
      return isNumber(value) ? Number(value) : undefined
    case 'boolean':
      return typeof value === 'boolean' ? value : undefined
    case 'date':
      return typeof value === 'string' ? age(value, now) : undefined
    default:
      return found.map(text).join(' ')
  }
}

const age = (time: string, now: Date): string =>
  Number.isNaN(Date.parse(time)) ? '<invalid>' : since(time, now)

const text = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value))

function fieldSelectorsOf({
  selectableFields = [],
}: CustomVersion): Record<string, (object: unknown) => string> {
  const entries = selectableFields.map(({ jsonPath }) => {
    const read = compilePath(jsonPath)
    return [jsonPath.replace(/^\./, ''), (object: unknown) => String(read(object)[0] ?? '')]
  })
  return Object.fromEntries(entries)
}
