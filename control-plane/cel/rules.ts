import type { JsonSchemaProps, ValidationRule } from '../../api/kinds/apiextensions.ts'
import { CompileError, compile, type Environment, InstantiationError, type Program } from './environment.ts'
import { optionalOf } from './language/types.ts'
import { type Declaration, escapeName, SchemaTypes } from './schema-types.ts'
import { timed } from './times.ts'

/** A rule ready to run. */
export interface CompiledRule {
  rule: ValidationRule
  program: Program
  message: Program | undefined
  /** The rule compares with what was there before. */
  isTransition: boolean
}

/** A rule of which one of its expressions cannot be compiled. */
export interface BrokenRule {
  rule: ValidationRule
  field: 'rule' | 'messageExpression'
  fault: string
  /** The rule itself, where only its message is broken. */
  program?: Program
}

/** A part of a schema with the rules on it and the parts inside it that have rules. */
export interface RuleNode {
  schema: JsonSchemaProps
  declaration: Declaration | undefined
  rules: (CompiledRule | BrokenRule)[]
  properties: Map<string, RuleNode>
  values: RuleNode | undefined
  items: RuleNode | undefined
}

/** Compiles all rules of a schema. Undefined when it has none. `isRoot`: it is of whole objects. */
export function compileRules(schema: JsonSchemaProps, isRoot = true): RuleNode | undefined {
  return hasRules(schema) ? new RuleCompiler().node(schema, undefined, NAME, isRoot) : undefined
}

/** Whether a schema has rules, at any depth. */
export function hasRules(schema: JsonSchemaProps): boolean {
  const { properties = {}, additionalProperties, items } = schema
  return (
    (schema['x-kubernetes-validations']?.length ?? 0) > 0 ||
    Object.values(properties).some(hasRules) ||
    (typeof additionalProperties === 'object' && hasRules(additionalProperties)) ||
    (items !== undefined && hasRules(items))
  )
}

const NAME = 'selfType'

class RuleCompiler {
  readonly #types = new SchemaTypes()

  node(schema: JsonSchemaProps, known: Declaration | undefined, path: string, isRoot: boolean): RuleNode {
    const declaration = known ?? this.#types.declare(schema, path, isRoot)
    const inner = (part: unknown, of: Declaration | undefined, name: string): RuleNode | undefined =>
      isSchema(part) && hasRules(part) ? this.node(part, of, `${path}.${name}`, false) : undefined
    const fields = Object.entries(schema.properties ?? {}).flatMap(([key, part]): [string, RuleNode][] => {
      const node = inner(part, declaration?.fields?.get(escapeName(key) ?? ''), key)
      return node ? [[key, node]] : []
    })
    return {
      schema,
      declaration,
      rules: this.#rules(schema, declaration),
      properties: new Map(fields),
      values: inner(schema.additionalProperties, declaration?.element, '@elem'),
      items: inner(schema.items, declaration?.element, '@idx'),
    }
  }

  #rules(schema: JsonSchemaProps, declaration: Declaration | undefined): (CompiledRule | BrokenRule)[] {
    const rules = schema['x-kubernetes-validations'] ?? []
    if (rules.length === 0) return []
    if (!declaration) return rules.map(rule => ({ rule, field: 'rule', fault: NO_TYPE }))
    const environment = this.#types.environment.clone()
    environment.registerVariable('self', declaration.type)
    environment.registerVariable('oldSelf', declaration.type)
    const optional = environment.clone()
    optional.registerVariable('oldSelf', optionalOf(declaration.type))
    return timed('compilation', () =>
      rules.map(rule => compileRule(rule, rule.optionalOldSelf ? optional : environment)),
    )
  }
}

const NO_TYPE = 'failed to convert to declType for CEL validation rules'

const isSchema = (part: unknown): part is JsonSchemaProps => typeof part === 'object' && part !== null

function compileRule(rule: ValidationRule, environment: Environment): CompiledRule | BrokenRule {
  let program: Program | undefined
  try {
    program = compile(environment, rule.rule ?? '')
    const message = rule.messageExpression ? compile(environment, rule.messageExpression) : undefined
    return { rule, program, message, isTransition: program.uses('oldSelf') }
  } catch (error) {
    if (program)
      return { rule, field: 'messageExpression', fault: `messageExpression ${stageOf(error)}`, program }
    return { rule, field: 'rule', fault: stageOf(error, 'program ') }
  }
}

function stageOf(error: unknown, prefix = ''): string {
  if (error instanceof CompileError) return `compilation failed: ${error.message}`
  if (error instanceof InstantiationError) return `${prefix}instantiation failed: ${error.message}`
  throw error
}

/** Whether a rule could be compiled. */
export const isCompiled = (rule: CompiledRule | BrokenRule): rule is CompiledRule => !('fault' in rule)
