import type { JsonSchemaProps, ValidationRule } from '../../api/kinds/apiextensions.ts'
import { isMap, isSame } from '../../api/meta/patch/own.ts'
import { describeFieldError, type FieldError } from '../../api/meta/status.ts'
import { correlate, join } from '../../api/schema/structural/validate.ts'
import { CALL_LIMIT, CostError, EvaluationError, type Program } from './environment.ts'
import { normalPath } from './field-path.ts'
import { Optional } from './language/values.ts'
import { type CompiledRule, compileRules, isCompiled, type RuleNode } from './rules.ts'
import { timed } from './times.ts'

/** What all rules on one object may cost together (upstream's limit). */
const TOTAL_BUDGET = 10_000_000
/** The longest message that an expression may give, in bytes. */
const LONGEST_MESSAGE = 5 * 1024

const OUT_OF_BUDGET =
  'validation failed due to running out of cost budget, no further validation rules will be run'

/** Holds objects of one schema to its rules. */
export class RuleValidator {
  readonly #root: RuleNode | undefined

  /** `isRoot`: the schema is of whole objects. */
  constructor(schema: JsonSchemaProps, isRoot = true) {
    this.#root = compileRules(schema, isRoot)
  }

  /**
   * What the rules object to. `old` is there on updates: where nothing changed since, a rule that is broken is only told of
   * by `warn`. `path` is where the object stands.
   */
  validate(object: unknown, old: unknown, warn: (text: string) => void = () => {}, path = ''): FieldError[] {
    const root = this.#root
    if (!root) return []
    const run = new Run(warn)
    const before = { old, isSame: once(() => old !== undefined && isSame(object, old)) }
    timed('evaluation', () => run.node(root, object, before, path))
    return run.errors
  }
}

/** What was there before. */
interface Before {
  old: unknown
  /** Whether this part, or where it cannot be told from others the part around it, is as it was. */
  isSame(): boolean
}

function once(ask: () => boolean): () => boolean {
  let answer: boolean | undefined
  return () => {
    answer ??= ask()
    return answer
  }
}

/** The part inside of another: without an old one of its own it is as the part around it is. */
const inside = (around: Before, value: unknown, old: unknown): Before =>
  old === undefined ? { old, isSame: around.isSame } : { old, isSame: once(() => isSame(value, old)) }

/** Ends a validation: nothing more is checked. */
class Stop extends Error {}

/** One validation of one object. */
class Run {
  readonly errors: FieldError[] = []
  #left = TOTAL_BUDGET
  readonly #warn: (text: string) => void

  constructor(warn: (text: string) => void) {
    this.#warn = warn
  }

  node(node: RuleNode, value: unknown, before: Before, path: string): void {
    try {
      this.#node(node, value, before, path)
    } catch (error) {
      if (!(error instanceof Stop)) throw error
    }
  }

  #node(node: RuleNode, value: unknown, before: Before, path: string): void {
    if (value === undefined || value === null) return
    this.#rules(node, value, before, path)
    if (Array.isArray(value)) this.#items(node, value, before, path)
    else if (isMap(value)) this.#members(node, value, before, path)
  }

  #items({ items, schema }: RuleNode, value: unknown[], before: Before, path: string): void {
    if (!items) return
    const oldItem = correlate(schema, before.old)
    for (const [i, item] of value.entries())
      this.#node(items, item, inside(before, item, oldItem(item)), `${path}[${i}]`)
  }

  #members(node: RuleNode, value: Record<string, unknown>, before: Before, path: string): void {
    const { properties, values } = node
    const old = isMap(before.old) ? before.old : {}
    for (const key of values ? Object.keys(value) : properties.keys()) {
      const inner = properties.get(key) ?? values
      if (!inner || !Object.hasOwn(value, key)) continue
      const oldMember = Object.hasOwn(old, key) ? old[key] : undefined
      this.#node(
        inner,
        value[key],
        inside(before, value[key], oldMember),
        values ? `${path}[${key}]` : join(path, key),
      )
    }
  }

  #rules(node: RuleNode, value: unknown, before: Before, path: string): void {
    const { rules, declaration } = node
    if (rules.length === 0 || !declaration) return
    const { old } = before
    let self: unknown
    let oldSelf: unknown
    try {
      self = declaration.convert(value)
      oldSelf = old === undefined || old === null ? undefined : declaration.convert(old)
    } catch (error) {
      if (!(error instanceof EvaluationError)) throw error
      for (const compiled of rules) {
        if (isCompiled(compiled)) this.#failed(error, compiled.rule, node, path)
        else this.#fail(node, path, `rule compile error: ${compiled.fault}`)
      }
      return
    }
    for (const compiled of rules) {
      if (!isCompiled(compiled)) this.#fail(node, path, `rule compile error: ${compiled.fault}`)
      else if (!compiled.isTransition) this.#rule(compiled, { self }, node, before, path)
      else if (compiled.rule.optionalOldSelf) {
        const optional = oldSelf === undefined ? Optional.NONE : Optional.of(oldSelf)
        this.#rule(compiled, { self, oldSelf: optional }, node, before, path)
      } else if (oldSelf !== undefined) this.#rule(compiled, { self, oldSelf }, node, before, path)
    }
  }

  #fail({ schema }: RuleNode, path: string, detail: string): void {
    this.errors.push({ type: INVALID, field: path || '<nil>', badValue: schema.type ?? '', detail })
  }

  #rule(
    compiled: CompiledRule,
    variables: Record<string, unknown>,
    node: RuleNode,
    before: Before,
    path: string,
  ): void {
    const outcome = this.#run(compiled.program, variables)
    if (outcome.isBroke) {
      this.#fail(node, path, OUT_OF_BUDGET)
      throw new Stop()
    }
    if (outcome.error) this.#failed(outcome.error, compiled.rule, node, path)
    else if (outcome.value !== true) {
      const { detail, isLast } = this.#message(compiled, variables)
      const error = failure(compiled.rule, isLast ? INVALID : compiled.rule.reason, node, path, detail)
      if (!compiled.isTransition && before.isSame()) this.#warn(describeFieldError(error))
      else this.errors.push(error)
      if (isLast) throw new Stop()
    }
  }

  /** A rule that failed instead of giving an answer. */
  #failed(error: Error, rule: ValidationRule, node: RuleNode, path: string): void {
    if (error instanceof CostError) {
      this.#fail(
        node,
        path,
        `'${error.message}': no further validation rules will be run due to call cost exceeds limit for rule: ${nameOf(rule)}`,
      )
      throw new Stop()
    }
    const detail = error.message.startsWith('no such overload')
      ? `'${error.message}': call arguments did not match a supported operator, function or macro signature for rule: ${nameOf(rule)}`
      : `${error.message} evaluating rule: ${nameOf(rule)}`
    this.#fail(node, path, detail)
  }

  /** Runs an expression within its own limit and takes what it cost from what is left for all. */
  #run(
    program: Program,
    variables: Record<string, unknown>,
  ): { value?: unknown; error?: Error; isBroke: boolean } {
    const budget = { left: CALL_LIMIT }
    let value: unknown
    let error: Error | undefined
    try {
      value = program.evaluate(variables, budget)
    } catch (thrown) {
      if (!(thrown instanceof EvaluationError) && !(thrown instanceof CostError)) throw thrown
      error = thrown
    }
    const cost = CALL_LIMIT - budget.left
    if (cost > this.#left) return { isBroke: true }
    this.#left -= cost
    return { value, ...(error && { error }), isBroke: false }
  }

  /** An expression that fails, or gives no line of text, gives way to the fixed message. */
  #message(
    { rule, message }: CompiledRule,
    variables: Record<string, unknown>,
  ): { detail: string; isLast: boolean } {
    const fixed = { detail: rule.message?.trim() || `failed rule: ${nameOf(rule)}`, isLast: false }
    if (!message) return fixed
    const { value, error, isBroke } = this.#run(message, variables)
    if (isBroke)
      return {
        detail:
          'messageExpression evaluation failed due to running out of cost budget, no further validation rules will be run',
        isLast: true,
      }
    if (error instanceof CostError)
      return {
        detail: `no further validation rules will be run due to call cost exceeds limit for messageExpression: ${JSON.stringify(rule.messageExpression)}`,
        isLast: true,
      }
    const text = typeof value === 'string' ? value.trim() : ''
    const isGood = !error && text !== '' && !text.includes('\n') && Buffer.byteLength(text) <= LONGEST_MESSAGE
    return isGood ? { detail: text, isLast: false } : fixed
  }
}

const nameOf = (rule: ValidationRule): string => (rule.message || rule.rule).trim()

const INVALID = 'FieldValueInvalid'

/** The error of a broken rule, at the field that the rule names. */
function failure(
  { fieldPath }: ValidationRule,
  reason: string | undefined,
  { schema }: RuleNode,
  path: string,
  detail: string,
): FieldError {
  const inner = fieldPath ? normalPath(fieldPath, schema) : ''
  const field = [path, inner].filter(Boolean).join('.') || '<nil>'
  const type = (reason ?? INVALID) as FieldError['type']
  // Of what is there twice upstream says no more than that.
  const isDuplicate = type === 'FieldValueDuplicate'
  return { type, field, badValue: schema.type ?? '', detail: isDuplicate ? '' : detail }
}
