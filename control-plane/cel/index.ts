export { checkRules } from './check-rules.ts'
export { RuleValidator } from './rule-validator.ts'
