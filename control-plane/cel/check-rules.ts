import type { JsonSchemaProps } from '../../api/kinds/apiextensions.ts'
import { type FieldError, forbiddenField, invalidValue } from '../../api/meta/status.ts'
import type { Program } from './environment.ts'
import { canCorrelate } from './field-path.ts'
import { estimate } from './language/estimate.ts'
import { type BrokenRule, type CompiledRule, compileRules, isCompiled, type RuleNode } from './rules.ts'
import { mostOften } from './schema-sizes.ts'
import type { Declaration } from './schema-types.ts'
import { shownRule } from './shown-rule.ts'

const WORD = 'x-kubernetes-validations'
/** The most that one rule, and all rules of a schema, may cost at worst (upstream's limits). */
export const RULE_LIMIT = 10_000_000
export const SCHEMA_LIMIT = 100_000_000

interface Place {
  path: string
  /** How many times this part may occur in one object; undefined where nothing limits that. */
  count: number | undefined
  /** The innermost part above that cannot be told from one update to the next. */
  uncorrelated: string | undefined
}

/**
 * What is wrong with the rules of a schema: they must compile, give a truth value, and not cost too much. Rules are not
 * looked at where the schema itself is wrong, there or deeper: `wrong` are the paths of those faults.
 */
export function checkRules(
  schema: JsonSchemaProps,
  path: string,
  wrong: readonly string[] = [],
): FieldError[] {
  const root = compileRules(schema)
  if (!root) return []
  const total = new TotalCost()
  const check = new RuleCheck(total, wrong)
  const errors = check.node(root, { path, count: 1, uncorrelated: undefined })
  return [...errors, ...total.errors(path)]
}

interface Expensive {
  path: string
  cost: number
}

/** What all rules of a schema cost together, and which of them most. */
class TotalCost {
  #cost = 0
  #expensive: Expensive[] = []

  add(path: string, cost: number): void {
    this.#cost += cost
    if (cost < SCHEMA_LIMIT / 100) return
    this.#expensive = [...this.#expensive, { path, cost }].sort((a, b) => b.cost - a.cost).slice(0, 4)
  }

  errors(path: string): FieldError[] {
    if (this.#cost <= SCHEMA_LIMIT) return []
    const contributed =
      'contributed to estimated rule cost total exceeding cost limit for entire OpenAPIv3 schema'
    const what = `${WORD} estimated rule cost total for entire OpenAPIv3 schema`
    return [
      ...this.#expensive.map(rule => forbiddenField(rule.path, contributed)),
      forbiddenField(path, tooExpensive(what, this.#cost, SCHEMA_LIMIT)),
    ]
  }
}

function tooExpensive(what: string, cost: number, limit: number): string {
  const exceeds = cost / limit
  const factor =
    exceeds > 100 ? 'more than 100x' : exceeds < 1.5 ? `${exceeds.toFixed(6)}x` : `${exceeds.toFixed(1)}x`
  return `${what} exceeds budget by factor of ${factor} (try simplifying the rule, or adding maxItems, maxProperties, and maxLength where arrays, maps, and strings are declared)`
}

class RuleCheck {
  readonly #total: TotalCost
  readonly #wrong: readonly string[]

  constructor(total: TotalCost, wrong: readonly string[]) {
    this.#total = total
    this.#wrong = wrong
  }

  node(node: RuleNode, place: Place): FieldError[] {
    const { schema, properties, values, items } = node
    const errors: FieldError[] = []
    const { path } = place
    const most = mostParts(schema)
    const count = place.count === undefined || most === undefined ? undefined : times(place.count, most)
    const parts = { count, uncorrelated: place.uncorrelated ?? (canCorrelate(schema) ? undefined : path) }
    if (values) errors.push(...this.node(values, { ...parts, path: `${path}.additionalProperties` }))
    for (const [key, inner] of properties)
      errors.push(...this.node(inner, { ...parts, path: `${path}.properties[${key}]` }))
    if (items) errors.push(...this.node(items, { ...parts, path: `${path}.items` }))
    if (this.#wrong.some(field => field === path || field.startsWith(`${path}.`))) return errors
    const own = node.rules.flatMap((rule, i) => this.#rule(rule, node, place, `${path}.${WORD}[${i}]`))
    return [...errors, ...own]
  }

  #rule(compiled: CompiledRule | BrokenRule, node: RuleNode, place: Place, path: string): FieldError[] {
    const { rule } = compiled
    const errors: FieldError[] = []
    const fault = faultOf(compiled)
    if (fault) errors.push(invalidValue(`${path}.${fault.field}`, shownRule(rule), fault.detail))
    if (compiled.program && fault?.field !== 'rule')
      errors.push(...this.#cost(compiled.program, 'rule', node, place, path))
    if (!isCompiled(compiled)) return errors
    if (compiled.message && !fault)
      errors.push(...this.#cost(compiled.message, 'messageExpression', node, place, path))
    return [...errors, ...checkTransition(compiled, place, path)]
  }

  #cost(
    program: Program,
    field: 'rule' | 'messageExpression',
    { declaration }: RuleNode,
    { count }: Place,
    path: string,
  ): FieldError[] {
    const cost = estimateCost(program, declaration!)
    const total = field === 'rule' ? times(cost, count ?? mostOften(declaration!.minSize)) : cost
    this.#total.add(`${path}.${field}`, total)
    if (total <= RULE_LIMIT) return []
    return [forbiddenField(`${path}.${field}`, tooExpensive(`estimated ${field} cost`, total, RULE_LIMIT))]
  }
}

const times = (a: number, b: number): number => (a === 0 || b === 0 ? 0 : a * b)

/** How many parts a value has that its schema says one thing of; undefined where nothing limits that. */
function mostParts({
  type,
  additionalProperties,
  maxItems,
  maxProperties,
}: JsonSchemaProps): number | undefined {
  if (type === 'array') return maxItems
  return type === 'object' && additionalProperties !== undefined ? maxProperties : 1
}

/** The most that one run of an expression on a value of a schema can cost, in cel-go's units. */
export function estimateCost({ checked }: Program, declaration: Declaration): number {
  return estimate(checked, path => {
    const found = declarationAt(declaration, path.slice(1))
    return found && { min: 0, max: found.maxElements }
  }).max
}

function declarationAt(declaration: Declaration, path: readonly string[]): Declaration | undefined {
  let at: Declaration | undefined = declaration
  for (const name of path) {
    if (name === '@items' || name === '@values') at = at.element
    else at = name === '@keys' ? at.key : at.fields?.get(name)
    if (!at) return undefined
  }
  return at
}

function faultOf(
  compiled: CompiledRule | BrokenRule,
): { field: BrokenRule['field']; detail: string } | undefined {
  if (!isCompiled(compiled)) return { field: compiled.field, detail: compiled.fault }
  if (compiled.program.resultType.kind !== 'bool')
    return { field: 'rule', detail: 'cel expression must evaluate to a bool' }
  if (compiled.message && compiled.message.resultType.kind !== 'string')
    return { field: 'messageExpression', detail: 'messageExpression must evaluate to a string' }
  return undefined
}

function checkTransition(
  { rule, isTransition }: CompiledRule,
  { uncorrelated }: Place,
  path: string,
): FieldError[] {
  if (!isTransition)
    return rule.optionalOldSelf === undefined
      ? []
      : [
          invalidValue(
            `${path}.optionalOldSelf`,
            rule.optionalOldSelf,
            'may not be set if oldSelf is not used in rule',
          ),
        ]
  if (!uncorrelated) return []
  const detail = `oldSelf cannot be used on the uncorrelatable portion of the schema within ${uncorrelated}`
  return [invalidValue(`${path}.rule`, rule.rule, detail)]
}
