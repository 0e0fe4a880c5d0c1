import type {
  ParamRef,
  PolicyValidation,
  ValidatingAdmissionPolicy,
  ValidatingAdmissionPolicyBinding,
} from '../../../api/kinds/admission-types.ts'
import {
  duplicateValue,
  type FieldError,
  forbiddenField,
  invalidValue,
  notSupported,
  required as requiredError,
} from '../../../api/meta/status.ts'
import {
  isDns1035Label,
  isDns1123Subdomain,
  isPathSegmentName,
  isQualifiedName,
} from '../../../api/meta/validation.ts'
import { cel } from '../../cel/lazy.ts'
import { collect, isSame, oneOf, type Rule, requiredOneOf, text } from '../rules/check.ts'
import { labelSelector } from '../rules/labels.ts'
import { conditionFaults, expressionFaults } from './expressions.ts'
import { matchResources } from './match-resources.ts'

type Spec = ValidatingAdmissionPolicy['spec']
type Compiler = InstanceType<ReturnType<typeof cel>['AdmissionCompiler']>

const REASONS = ['Forbidden', 'Invalid', 'RequestEntityTooLarge']
const ACTIONS = ['Audit', 'Deny', 'Warn']
const MOST_ANNOTATIONS = 20
/** Bytes. */
const LONGEST_VALUE_EXPRESSION = 5 * 1024
const NOTHING_TO_DO = 'validations or auditAnnotations must contain at least one item'

/** All that is wrong with a policy. The expression language must have been loaded. */
export function policyFaults(
  { metadata, spec = {} }: ValidatingAdmissionPolicy,
  old?: ValidatingAdmissionPolicy,
): readonly FieldError[] {
  const { paramKind, matchConstraints, matchConditions = [], validations = [], auditAnnotations = [] } = spec
  const hasParams = paramKind !== undefined
  const areSameConditions =
    old !== undefined &&
    isSame(paramKind, old.spec.paramKind) &&
    isSame(matchConditions, old.spec.matchConditions ?? [])
  const compiler = new (cel().AdmissionCompiler)()
  const isEmpty = validations.length === 0 && auditAnnotations.length === 0
  return collect(
    requiredOneOf('Fail', 'Ignore')(spec.failurePolicy as string, 'spec.failurePolicy'),
    paramKind && paramKindFaults(paramKind, 'spec.paramKind'),
    constraintFaults(matchConstraints, 'spec.matchConstraints'),
    !areSameConditions && conditionFaults(matchConditions, 'spec.matchConditions', hasParams),
    variableFaults(compiler, spec, 'spec.variables'),
    isEmpty &&
      ['validations', 'auditAnnotations'].map(field => requiredError(`spec.${field}`, NOTHING_TO_DO)),
    validations.flatMap((validation, i) =>
      validationFaults(compiler, validation, hasParams, `spec.validations[${i}]`),
    ),
    annotationFaults(compiler, metadata.name ?? '', spec, 'spec.auditAnnotations'),
  )
}

function paramKindFaults(
  { apiVersion = '', kind = '' }: NonNullable<Spec['paramKind']>,
  path: string,
): readonly FieldError[] {
  const refuse = (field: string, value: string, faults: string[], before = ''): FieldError[] =>
    faults.length > 0 ? [invalidValue(`${path}.${field}`, value, before + faults.join(','))] : []
  return collect(
    apiVersion === '' ? [requiredError(`${path}.apiVersion`, '')] : apiVersionFaults(apiVersion, refuse),
    kind === ''
      ? [requiredError(`${path}.kind`, '')]
      : refuse(
          'kind',
          kind,
          isDns1035Label(kind.toLowerCase()),
          'may have mixed case, but should otherwise match: ',
        ),
  )
}

function apiVersionFaults(
  apiVersion: string,
  refuse: (field: string, value: string, faults: string[]) => FieldError[],
): readonly FieldError[] {
  const parts = apiVersion.split('/')
  if (parts.length > 2)
    return refuse('apiVersion', apiVersion, [`unexpected GroupVersion string: ${apiVersion}`])
  const version = parts.at(-1)!
  const group = parts.length === 2 ? parts[0]! : ''
  return collect(
    group !== '' && refuse('apiVersion', group, isDns1123Subdomain(group)),
    version === ''
      ? refuse('apiVersion', apiVersion, ['version must be specified'])
      : refuse('apiVersion', version, isDns1035Label(version)),
  )
}

function constraintFaults(constraints: Spec['matchConstraints'], path: string): readonly FieldError[] {
  if (!constraints) return [requiredError(path, '')]
  const isForNothing = (constraints.resourceRules ?? []).length === 0
  return collect(
    matchResources(constraints, path),
    isForNothing && [requiredError(`${path}.resourceRules`, '')],
  )
}

const RESERVED = new Set(
  'true false null in as break const continue else for function if import let loop package namespace return var void while'.split(
    ' ',
  ),
)

/** Variables are compiled in their order: later ones, and all other expressions, may use them. */
function variableFaults(compiler: Compiler, { variables = [], paramKind }: Spec, path: string): FieldError[] {
  const scope = { hasParams: paramKind !== undefined, hasAuthorizer: true }
  return variables.flatMap(({ name = '', expression = '' }, i) => {
    const at = `${path}[${i}]`
    const isName = /^[_a-zA-Z][_a-zA-Z0-9]*$/.test(name) && !RESERVED.has(name)
    return collect(
      name.trim() === ''
        ? [requiredError(`${at}.name`, 'name is not specified')]
        : !isName && [invalidValue(`${at}.name`, name, 'must be a valid CEL identifier')],
      expression.trim() === ''
        ? [requiredError(`${at}.expression`, 'expression is not specified')]
        : expressionFaults(compiler.define(name, expression, scope), `${at}.expression`),
    )
  })
}

function validationFaults(
  compiler: Compiler,
  { expression = '', message = '', messageExpression = '', reason }: PolicyValidation,
  hasParams: boolean,
  path: string,
): readonly FieldError[] {
  const compile = (source: string, field: string, hasAuthorizer: boolean, type: string) =>
    expressionFaults(compiler.compile(source, { hasParams, hasAuthorizer }, [type]), `${path}.${field}`)
  return collect(
    expression.trim() === ''
      ? [requiredError(`${path}.expression`, 'expression is not specified')]
      : compile(expression, 'expression', true, 'bool'),
    messageExpression !== '' &&
      (messageExpression.trim() === ''
        ? [invalidValue(`${path}.messageExpression`, messageExpression, 'must be non-empty if specified')]
        : compile(messageExpression, 'messageExpression', false, 'string')),
    messageFaults(message, `${path}.message`),
    reason !== undefined && !REASONS.includes(reason) && [notSupported(`${path}.reason`, reason, REASONS)],
  )
}

function messageFaults(message: string, path: string): FieldError[] {
  if (message === '') return []
  if (message.trim() === '') return [invalidValue(path, message, 'must be non-empty if specified')]
  return /[\n\r]/.test(message.trim()) ? [invalidValue(path, message, 'must not contain line breaks')] : []
}

function annotationFaults(
  compiler: Compiler,
  policy: string,
  { auditAnnotations = [], paramKind }: Spec,
  path: string,
): readonly FieldError[] {
  const scope = { hasParams: paramKind !== undefined, hasAuthorizer: true }
  const keys = new Set<string>()
  const isTooMany = auditAnnotations.length > MOST_ANNOTATIONS
  return collect(
    isTooMany && [
      invalidValue(path, auditAnnotations, `must not have more than ${MOST_ANNOTATIONS} auditAnnotations`),
    ],
    auditAnnotations.flatMap(({ key = '', valueExpression = '' }, i) => {
      const at = `${path}[${i}]`
      const isRepeated = keys.has(key)
      keys.add(key)
      return collect(
        policy === ''
          ? [invalidValue(`${at}.key`, key, 'requires metadata.name be non-empty')]
          : text(isQualifiedName)(`${policy}/${key}`, `${at}.key`),
        valueFaults(compiler, valueExpression, scope, `${at}.valueExpression`),
        isRepeated && [duplicateValue(`${at}.key`, key)],
      )
    }),
  )
}

function valueFaults(
  compiler: Compiler,
  expression: string,
  scope: { hasParams: boolean; hasAuthorizer: boolean },
  path: string,
): readonly FieldError[] {
  const trimmed = expression.trim()
  if (trimmed === '') return [requiredError(path, 'valueExpression is not specified')]
  if (Buffer.byteLength(trimmed) > LONGEST_VALUE_EXPRESSION)
    return [requiredError(path, `must not exceed ${LONGEST_VALUE_EXPRESSION} bytes in length`)]
  return expressionFaults(compiler.compile(trimmed, scope, ['string', 'null']), path)
}

/** All that is wrong with a binding. */
export function policyBindingFaults({
  spec = {},
}: {
  spec?: Partial<ValidatingAdmissionPolicyBinding['spec']>
}) {
  const { policyName = '', paramRef, matchResources: resources, validationActions = [] } = spec
  return collect(
    policyName === ''
      ? [requiredError('spec.policyName', '')]
      : text(isDns1123Subdomain)(policyName, 'spec.policyName'),
    paramRef && paramRefFaults(paramRef, 'spec.paramRef'),
    // Upstream's path has this mistake.
    resources && matchResources(resources, 'spec.matchResouces'),
    actionFaults(validationActions, 'spec.validationActions'),
  )
}

const EXCLUSIVE = 'name and selector are mutually exclusive'
const notFoundAction: Rule<string> = requiredOneOf('Deny', 'Allow')

function paramRefFaults(
  { name = '', selector, parameterNotFoundAction = '' as 'Allow' }: ParamRef,
  path: string,
): readonly FieldError[] {
  return collect(
    name !== '' && text(isPathSegmentName)(name, `${path}.name`),
    name !== '' && selector && [forbiddenField(`${path}.name`, EXCLUSIVE)],
    selector && labelSelector(selector, `${path}.selector`),
    name !== '' && selector && [forbiddenField(`${path}.selector`, EXCLUSIVE)],
    name === '' && !selector && [requiredError(path, 'one of name or selector must be specified')],
    notFoundAction(parameterNotFoundAction, `${path}.parameterNotFoundAction`),
  )
}

function actionFaults(actions: readonly string[], path: string): readonly FieldError[] {
  if (actions.length === 0) return [requiredError(path, 'at least one validation action is required')]
  const isDoubled = actions.includes('Deny') && actions.includes('Warn')
  return collect(
    actions.flatMap((action, i) =>
      collect(
        oneOf(...ACTIONS)(action, `${path}[${i}]`),
        actions.indexOf(action) < i && [duplicateValue(`${path}[${i}]`, action)],
      ),
    ),
    isDoubled && [
      invalidValue(
        path,
        actions,
        'must not contain both Deny and Warn (repeating the same validation failure information in the API response and headers serves no purpose)',
      ),
    ],
  )
}
