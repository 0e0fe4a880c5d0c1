import type { JsonSchemaProps, ValidationRule } from '../../api/kinds/apiextensions.ts'
import {
  type FieldError,
  forbiddenField,
  invalidValue,
  notSupported,
  required,
} from '../../api/meta/status.ts'
import { estimateCost, sizeOf } from './cost.ts'
import { type BrokenRule, type CompiledRule, compileRules, isCompiled, type RuleNode } from './rules.ts'

const WORD = 'x-kubernetes-validations'
/** The most that one rule, and all rules of a schema, may cost at worst (upstream's limits). */
const RULE_LIMIT = 10_000_000
const SCHEMA_LIMIT = 100_000_000

interface Place {
  path: string
  /** How many times this part may occur in one object. */
  count: number
  /** The innermost part above that cannot be told from one update to the next. */
  uncorrelated: string | undefined
}

/** What is wrong with the rules of a schema: they must compile, give a truth value, and not cost too much. */
export function checkRules(schema: JsonSchemaProps, path: string): FieldError[] {
  const root = compileRules(schema)
  if (!root) return []
  const total = { cost: 0 }
  const errors = checkNode(root, { path, count: 1, uncorrelated: undefined }, total)
  if (errors.length === 0 && total.cost > SCHEMA_LIMIT)
    errors.push(
      forbiddenField(
        path,
        `x-kubernetes-validations estimated rule cost total for entire OpenAPIv3 schema exceeds budget by factor of ${factor(total.cost / SCHEMA_LIMIT)} ${ADVICE}`,
      ),
    )
  return errors
}

function checkNode(node: RuleNode, place: Place, total: { cost: number }): FieldError[] {
  const { schema, properties, values, items } = node
  const errors = node.rules.flatMap((rule, i) => checkRule(rule, i, node, place, total))
  for (const [key, inner] of properties)
    errors.push(...checkNode(inner, { ...place, path: `${place.path}.properties[${key}]` }, total))
  const count = place.count * sizeOf(schema)
  if (values)
    errors.push(...checkNode(values, { ...place, count, path: `${place.path}.additionalProperties` }, total))
  if (items) {
    const isMap = schema['x-kubernetes-list-type'] === 'map'
    const uncorrelated = place.uncorrelated ?? (isMap ? undefined : place.path)
    errors.push(...checkNode(items, { count, uncorrelated, path: `${place.path}.items` }, total))
  }
  return errors
}

function checkRule(
  compiled: CompiledRule | BrokenRule,
  index: number,
  node: RuleNode,
  place: Place,
  total: { cost: number },
): FieldError[] {
  const { rule } = compiled
  const path = `${place.path}.${WORD}[${index}]`
  const errors = checkTexts(rule, path)
  if (!rule.rule.trim()) return [...errors, required(`${path}.rule`, 'rule is not specified')]
  if (rule.fieldPath) errors.push(...checkFieldPath(rule.fieldPath, `${path}.fieldPath`, node.schema))
  if (!isCompiled(compiled))
    return [
      ...errors,
      invalidValue(`${path}.${compiled.field}`, rule, `${stage(compiled)}: ${compiled.fault}`),
    ]
  if (compiled.program.type !== 'bool' && compiled.program.type !== 'dyn')
    errors.push(invalidValue(`${path}.rule`, rule, 'cel expression must evaluate to a bool'))
  if (compiled.message && !['string', 'dyn'].includes(compiled.message.type))
    errors.push(
      invalidValue(`${path}.messageExpression`, rule, 'messageExpression must evaluate to a string'),
    )
  if (compiled.isTransition && place.uncorrelated)
    errors.push(
      invalidValue(
        `${path}.rule`,
        rule,
        `oldSelf cannot be used on the uncorrelatable portion of the schema within ${place.uncorrelated}`,
      ),
    )
  if (rule.optionalOldSelf && !compiled.isTransition)
    errors.push(
      invalidValue(`${path}.optionalOldSelf`, true, 'may not be set if oldSelf is not used in rule'),
    )
  return [...errors, ...checkCost(compiled, path, node, place, total)]
}

const stage = ({ field }: BrokenRule): string =>
  field === 'rule' ? 'compilation failed' : 'messageExpression compilation failed'

const ADVICE =
  '(try simplifying the rule, or adding maxItems, maxProperties, and maxLength where arrays, maps, and strings are declared)'

const factor = (exceeds: number): string => (exceeds > 100 ? 'more than 100x' : `${exceeds.toFixed(1)}x`)

function checkCost(
  { program }: CompiledRule,
  path: string,
  { schema }: RuleNode,
  { count }: Place,
  total: { cost: number },
): FieldError[] {
  const cost = estimateCost(program.ast, schema) * count
  total.cost += cost
  if (cost <= RULE_LIMIT) return []
  const detail = `estimated rule cost exceeds budget by factor of ${factor(cost / RULE_LIMIT)} ${ADVICE}`
  return [forbiddenField(`${path}.rule`, detail)]
}

const REASONS = ['FieldValueDuplicate', 'FieldValueForbidden', 'FieldValueInvalid', 'FieldValueRequired']
const LONGEST_MESSAGE = 2048

function checkTexts({ rule, message, reason }: ValidationRule, path: string): FieldError[] {
  const errors: FieldError[] = []
  const place = `${path}.message`
  if (message !== undefined && message !== '' && message.trim() === '')
    errors.push(invalidValue(place, message, 'message must be non-empty if specified'))
  else if (message?.trim().includes('\n'))
    errors.push(invalidValue(place, message, 'message must not contain line breaks'))
  else if (message && message.length > LONGEST_MESSAGE)
    errors.push(
      invalidValue(
        place,
        `${message.slice(0, 10)}...`,
        `message must have a maximum length of ${LONGEST_MESSAGE} characters`,
      ),
    )
  else if (!message && rule.trim().includes('\n'))
    errors.push(required(place, 'message must be specified if rule contains line breaks'))
  if (reason !== undefined && !REASONS.includes(reason))
    errors.push(notSupported(`${path}.reason`, reason, REASONS))
  return errors
}

/** A field path leads from where the rule stands to a field that the schema has: `.spec.replicas`, `.labels['a.b']`. */
function checkFieldPath(fieldPath: string, path: string, schema: JsonSchemaProps): FieldError[] {
  const refuse = (why: string): FieldError[] => [
    invalidValue(path, fieldPath, `fieldPath must be a valid path: ${why}`),
  ]
  const parts = [...fieldPath.matchAll(/\.([A-Za-z_][\w-]*)|\['((?:[^'\\]|\\.)+)'\]/g)]
  if (parts.map(([text]) => text).join('') !== fieldPath) return refuse('must be a simple path of fields')
  let part: JsonSchemaProps | undefined = schema
  for (const [, name, quoted] of parts) {
    const values: JsonSchemaProps | undefined =
      typeof part?.additionalProperties === 'object' ? part.additionalProperties : undefined
    part = part?.properties?.[name ?? quoted!] ?? values
    if (!part) return refuse('does not refer to a valid field')
  }
  return []
}
