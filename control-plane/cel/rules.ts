import type { JsonSchemaProps, ValidationRule } from '../../api/kinds/apiextensions.ts'
import { CompileError, compile, type Program } from './environment.ts'
import { type CelType, SchemaTypes } from './schema-types.ts'
import { usesVariable } from './syntax.ts'

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
}

/** A part of a schema with the rules on it and the parts inside it that have rules. */
export interface RuleNode {
  schema: JsonSchemaProps
  type: CelType | undefined
  rules: (CompiledRule | BrokenRule)[]
  properties: Map<string, RuleNode>
  values: RuleNode | undefined
  items: RuleNode | undefined
}

/** Compiles all rules of a schema. Undefined when it has none. */
export function compileRules(schema: JsonSchemaProps): RuleNode | undefined {
  if (!hasRules(schema)) return undefined
  const types = new SchemaTypes()
  types.typeOf(schema, true)
  return nodeOf(schema, types, true)
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

function nodeOf(schema: JsonSchemaProps, types: SchemaTypes, isRoot = false): RuleNode {
  const { properties = {}, additionalProperties, items } = schema
  const inner = Object.entries(properties).filter(([, part]) => hasRules(part))
  const type = types.typeOf(schema, isRoot)
  return {
    schema,
    type,
    rules: rulesOf(schema, type, types),
    properties: new Map(inner.map(([key, part]) => [key, nodeOf(part, types)])),
    values:
      typeof additionalProperties === 'object' && hasRules(additionalProperties)
        ? nodeOf(additionalProperties, types)
        : undefined,
    items: items && hasRules(items) ? nodeOf(items, types) : undefined,
  }
}

function rulesOf(
  schema: JsonSchemaProps,
  type: CelType | undefined,
  types: SchemaTypes,
): (CompiledRule | BrokenRule)[] {
  const rules = schema['x-kubernetes-validations'] ?? []
  if (rules.length === 0) return []
  if (!type) return rules.map(rule => ({ rule, field: 'rule', fault: 'undeclared type of self' }))
  return rules.map(rule => compileRule(rule, type.name, types))
}

function compileRule(rule: ValidationRule, type: string, types: SchemaTypes): CompiledRule | BrokenRule {
  const environment = types.environment.clone()
  environment.registerVariable('self', type)
  environment.registerVariable('oldSelf', rule.optionalOldSelf ? `optional<${type}>` : type)
  let field: BrokenRule['field'] = 'rule'
  try {
    const program = compile(environment, rule.rule)
    field = 'messageExpression'
    const message = rule.messageExpression ? compile(environment, rule.messageExpression) : undefined
    return { rule, program, message, isTransition: usesVariable(program.ast, 'oldSelf') }
  } catch (error) {
    if (!(error instanceof CompileError)) throw error
    return { rule, field, fault: error.message }
  }
}

/** Whether a rule could be compiled. */
export const isCompiled = (rule: CompiledRule | BrokenRule): rule is CompiledRule => 'program' in rule
