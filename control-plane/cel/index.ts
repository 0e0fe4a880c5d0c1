export { checkRules } from './check-rules.ts'
export * from './environment.ts'
export { fromJson } from './json-values.ts'
export { RuleValidator } from './rule-validator.ts'
