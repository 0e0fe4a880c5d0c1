import type { JsonSchemaProps } from '../../api/kinds/apiextensions.ts'
import { escapeName } from './schema-types.ts'
import { type AstNode, childrenOf } from './syntax.ts'

/** The largest request: what is not limited by its schema is limited by that. */
const LARGEST = 3 * 1024 * 1024
/** Steps for each character that is looked at. */
const PER_CHARACTER = 0.1
/** Steps of a macro beside its body, for each item. */
const PER_ITEM = 3

const MACROS: Record<string, number> = { all: 1, exists: 1, exists_one: 1, map: 1, filter: 1 }
const TEXT_FUNCTIONS = new Set([
  'contains',
  'matches',
  'find',
  'findAll',
  'replace',
  'split',
  'lowerAscii',
  'upperAscii',
  'trim',
  'reverse',
])

/** How many items, members or characters a value of a schema has at most. */
export function sizeOf(schema: JsonSchemaProps | undefined): number {
  switch (schema?.type) {
    case 'array':
      return schema.maxItems ?? LARGEST / (smallest(schema.items) + 1)
    case 'object':
      return schema.maxProperties ?? LARGEST / (smallest(valuesOf(schema)) + 6)
    case 'string':
      return schema.maxLength ?? longestText(schema)
    default:
      return schema?.type ? 1 : LARGEST
  }
}

const FORMAT_LENGTHS: Record<string, number> = { date: 10, 'date-time': 35, duration: 100 }

function longestText({ enum: values, format }: JsonSchemaProps): number {
  if (values?.length) return Math.max(...values.map(value => String(value).length))
  return FORMAT_LENGTHS[format ?? ''] ?? LARGEST - 2
}

const valuesOf = ({ additionalProperties }: JsonSchemaProps): JsonSchemaProps | undefined =>
  typeof additionalProperties === 'object' ? additionalProperties : undefined

/** The least characters a value takes in JSON. */
function smallest(schema: JsonSchemaProps | undefined): number {
  switch (schema?.type) {
    case 'boolean':
      return 4
    case 'string':
      return 2 + (schema.minLength ?? 0)
    case 'array':
      return 2 + (schema.minItems ?? 0) * (smallest(schema.items) + 1)
    case 'object':
      return (schema.required ?? []).reduce(
        (sum, key) => sum + key.length + 4 + smallest(schema.properties?.[key]),
        2,
      )
    default:
      return 1
  }
}

/** What is known of the variables of an expression; absent for what has no schema. */
type Scope = ReadonlyMap<string, JsonSchemaProps | undefined>

/** The most steps that an expression on a value of a schema can take. */
export function estimateCost(ast: AstNode, schema: JsonSchemaProps): number {
  return costOf(
    ast,
    new Map([
      ['self', schema],
      ['oldSelf', schema],
    ]),
  )
}

function costOf(node: AstNode, scope: Scope): number {
  if (node.op === 'rcall') {
    const [name, receiver, args] = node.args as [string, AstNode, AstNode[]]
    const isMacro = MACROS[name] && args.length > 1 && args[0]?.op === 'id'
    if (isMacro) return macroCost(receiver, args, scope)
    const text = TEXT_FUNCTIONS.has(name) ? sizeOfText(receiver, scope) * PER_CHARACTER : 0
    return 1 + text + [receiver, ...args].reduce((sum, child) => sum + costOf(child, scope), 0)
  }
  if (node.op === 'value') return 0
  if (node.op === '?:') {
    const [condition, left, right] = node.args as AstNode[]
    return costOf(condition!, scope) + Math.max(costOf(left!, scope), costOf(right!, scope))
  }
  return 1 + childrenOf(node).reduce((sum, child) => sum + costOf(child, scope), 0)
}

function macroCost(receiver: AstNode, [variable, ...bodies]: AstNode[], scope: Scope): number {
  const range = schemaOf(receiver, scope)
  const count = receiver.op === 'list' ? (receiver.args as unknown[]).length : rangeSize(range)
  const item =
    range?.type === 'array' ? range.items : range?.type === 'object' ? { type: 'string' } : undefined
  const inner = new Map(scope).set(variable!.args as string, item)
  const body = bodies.reduce((sum, part) => sum + costOf(part, inner), 0)
  return costOf(receiver, scope) + count * (body + PER_ITEM)
}

/** What is computed is not larger than what it is computed from, of which nothing is known: it is taken for small. */
const UNKNOWN_SIZE = 10

const rangeSize = (schema: JsonSchemaProps | undefined): number => (schema ? sizeOf(schema) : UNKNOWN_SIZE)

function sizeOfText(node: AstNode, scope: Scope): number {
  const schema = schemaOf(node, scope)
  return schema?.type === 'string' ? sizeOf(schema) : UNKNOWN_SIZE
}

/** The schema of what a path of fields leads to. */
function schemaOf(node: AstNode, scope: Scope): JsonSchemaProps | undefined {
  if (node.op === 'id') return scope.get(node.args as string)
  if (node.op === 'rcall' && (node.args as unknown[])[0] === 'filter')
    return schemaOf((node.args as AstNode[])[1]!, scope)
  if (node.op === '.' || node.op === '.?') {
    const [object, name] = node.args as [AstNode, string]
    const schema = schemaOf(object, scope)
    const property = Object.entries(schema?.properties ?? {}).find(([key]) => escapeName(key) === name)
    return property?.[1] ?? (schema && valuesOf(schema))
  }
  if (node.op === '[]' || node.op === '[?]') {
    const schema = schemaOf((node.args as AstNode[])[0]!, scope)
    return schema?.items ?? (schema && valuesOf(schema))
  }
  return undefined
}
