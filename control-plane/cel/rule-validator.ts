import { Optional } from '@marcbachmann/cel-js'
import type { JsonSchemaProps, ValidationRule } from '../../api/kinds/apiextensions.ts'
import { isMap, isSame } from '../../api/meta/patch/own.ts'
import type { FieldError } from '../../api/meta/status.ts'
import { correlate, join } from '../../api/schema/structural/validate.ts'
import { type Budget, CostError, EvaluationError } from './environment.ts'
import { type CompiledRule, compileRules, isCompiled, type RuleNode } from './rules.ts'

/** What all rules on one object may cost together, and one of them alone (upstream's limits). */
const TOTAL_BUDGET = 10_000_000
const RULE_BUDGET = 1_000_000

const OUT_OF_BUDGET =
  'validation failed due to running out of cost budget, no further validation rules will be run'

/** Holds objects of one schema to its rules. */
export class RuleValidator {
  #root: RuleNode | undefined

  constructor(schema: JsonSchemaProps) {
    this.#root = compileRules(schema)
  }

  /** What the rules object to. `old` is there on updates. */
  validate(object: unknown, old: unknown): FieldError[] {
    if (!this.#root) return []
    const errors: FieldError[] = []
    const run = new Run(errors)
    run.node(this.#root, object, old, '')
    return errors
  }
}

/** One validation of one object. */
class Run {
  #left = TOTAL_BUDGET
  #isOver = false
  #errors: FieldError[]

  constructor(errors: FieldError[]) {
    this.#errors = errors
  }

  node(node: RuleNode, value: unknown, old: unknown, path: string): void {
    if (value === undefined || value === null || this.#isOver) return
    this.#rules(node, value, old, path)
    if (Array.isArray(value)) this.#items(node, value, old, path)
    else if (isMap(value)) this.#members(node, value, isMap(old) ? old : {}, path)
  }

  #items({ items, schema }: RuleNode, value: unknown[], old: unknown, path: string): void {
    if (!items) return
    const oldItem = correlate(schema, old)
    for (const [i, item] of value.entries()) this.node(items, item, oldItem(item), `${path}[${i}]`)
  }

  #members(node: RuleNode, value: Record<string, unknown>, old: Record<string, unknown>, path: string): void {
    const { properties, values } = node
    for (const key of values ? Object.keys(value) : properties.keys()) {
      const inner = properties.get(key) ?? values
      if (inner && Object.hasOwn(value, key)) this.node(inner, value[key], old[key], join(path, key))
    }
  }

  #rules({ rules, type, schema }: RuleNode, value: unknown, old: unknown, path: string): void {
    if (rules.length === 0 || !type) return
    const isUnchanged = old !== undefined && isSame(value, old)
    const self = type.convert(value)
    const oldSelf = old === undefined ? undefined : type.convert(old)
    for (const compiled of rules) {
      if (this.#isOver) return
      if (!isCompiled(compiled)) continue
      if (compiled.isTransition ? oldSelf === undefined && !compiled.rule.optionalOldSelf : isUnchanged)
        continue
      const before = compiled.rule.optionalOldSelf ? Optional.of(oldSelf) : oldSelf
      this.#rule(compiled, { self, oldSelf: before }, schema, path)
    }
  }

  #rule(
    compiled: CompiledRule,
    variables: Record<string, unknown>,
    schema: JsonSchemaProps,
    path: string,
  ): void {
    const { rule, program } = compiled
    const fail = (detail: string): void => void this.#errors.push(failure(rule, schema, path, detail))
    try {
      if (this.#spend(budget => program.evaluate(variables, budget)) === true) return
      fail(this.#message(compiled, variables))
    } catch (error) {
      if (error instanceof CostError) {
        this.#isOver = true
        const isTotal = this.#left < 0
        fail(
          isTotal ? OUT_OF_BUDGET : `'${error.message}': call cost exceeds limit for rule: ${nameOf(rule)}`,
        )
      } else if (error instanceof EvaluationError) fail(`${error.message} evaluating rule: ${nameOf(rule)}`)
      else throw error
    }
  }

  #spend(evaluate: (budget: Budget) => unknown): unknown {
    const allowed = Math.min(RULE_BUDGET, this.#left)
    const budget = { left: allowed }
    try {
      return evaluate(budget)
    } finally {
      this.#left -= allowed - budget.left
    }
  }

  /** An expression that fails, or gives no line of text, gives way to the fixed message. */
  #message({ rule, message }: CompiledRule, variables: Record<string, unknown>): string {
    const fixed = rule.message?.trim() || `failed rule: ${rule.rule.trim()}`
    if (!message) return fixed
    try {
      const text = this.#spend(budget => message.evaluate(variables, budget))
      return typeof text === 'string' && text.trim() !== '' && !text.includes('\n') ? text.trim() : fixed
    } catch (error) {
      if (error instanceof EvaluationError || error instanceof CostError) return fixed
      throw error
    }
  }
}

const nameOf = (rule: ValidationRule): string => (rule.message ?? rule.rule).trim()

function failure(rule: ValidationRule, schema: JsonSchemaProps, path: string, detail: string): FieldError {
  const field = `${path}${rule.fieldPath ?? ''}`.replace(/^\./, '') || '<nil>'
  const type = (rule.reason ?? 'FieldValueInvalid') as FieldError['type']
  return { type, field, badValue: schema.type ?? '', detail }
}
