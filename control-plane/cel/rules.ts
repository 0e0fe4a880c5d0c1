import type { JsonSchemaProps, ValidationRule } from '../../api/kinds/apiextensions.ts'
import { CompileError, compile, type Environment, InstantiationError, type Program } from './environment.ts'
import { optionalOf } from './language/types.ts'
import { type Declaration, escapeName, SchemaTypes } from './schema-types.ts'

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
  /** What `allOf` adds to this same part. */
  allOf: RuleNode[]
}

/** Compiles all rules of a schema. Undefined when it has none. */
export function compileRules(schema: JsonSchemaProps): RuleNode | undefined {
  if (!hasRules(schema)) return undefined
  return new RuleCompiler().node(schema, schema, undefined, true)
}

/** Whether a schema has rules, at any depth. */
export function hasRules(schema: JsonSchemaProps): boolean {
  const { properties = {}, additionalProperties, items, allOf = [] } = schema
  return (
    (schema['x-kubernetes-validations']?.length ?? 0) > 0 ||
    Object.values(properties).some(hasRules) ||
    (typeof additionalProperties === 'object' && hasRules(additionalProperties)) ||
    (items !== undefined && hasRules(items)) ||
    allOf.some(hasRules)
  )
}

const NAME = 'selfType'

class RuleCompiler {
  readonly #types = new SchemaTypes()

  /** `spine` has the types; `schema`, which may be a branch of its allOf, has the rules. */
  node(
    schema: JsonSchemaProps,
    spine: JsonSchemaProps,
    known: Declaration | undefined,
    isRoot: boolean,
    path = NAME,
  ): RuleNode {
    const declaration = known ?? this.#types.declare(spine, path, isRoot)
    const inner = (
      rules: JsonSchemaProps | undefined,
      part: unknown,
      of: Declaration | undefined,
      name: string,
    ) =>
      rules && isSchema(part) && hasRules(rules)
        ? this.node(rules, part, of, false, `${path}.${name}`)
        : undefined
    const { properties, additionalProperties, items, allOf = [] } = schema
    const fields = Object.entries(properties ?? {}).flatMap(([key, part]): [string, RuleNode][] => {
      const field = declaration?.fields?.get(escapeName(key) ?? '')
      const node = inner(part, spine.properties?.[key], field, key)
      return node ? [[key, node]] : []
    })
    const values = isSchema(additionalProperties) ? additionalProperties : undefined
    return {
      schema: spine,
      declaration,
      rules: this.#rules(schema, declaration),
      properties: new Map(fields),
      values: inner(values, spine.additionalProperties, declaration?.element, '@elem'),
      items: inner(items, spine.items, declaration?.element, '@idx'),
      allOf: allOf.filter(hasRules).map(branch => this.node(branch, spine, declaration, isRoot, path)),
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
    return rules.map(rule => compileRule(rule, rule.optionalOldSelf ? optional : environment))
  }
}

const NO_TYPE = 'failed to convert to declType for CEL validation rules'

const isSchema = (part: unknown): part is JsonSchemaProps => typeof part === 'object' && part !== null

function compileRule(rule: ValidationRule, environment: Environment): CompiledRule | BrokenRule {
  let program: Program | undefined
  try {
    program = compile(environment, rule.rule)
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
