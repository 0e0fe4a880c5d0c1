import test from 'ava'
import { loadCel } from '../../../../control-plane/cel/lazy.ts'
import { accepted, refused } from '../../../helpers/rules.ts'

await loadCel()

const POLICIES = 'validatingadmissionpolicies.admissionregistration.k8s.io'
const BINDINGS = 'validatingadmissionpolicybindings.admissionregistration.k8s.io'
const WEBHOOKS = 'mutatingwebhookconfigurations.admissionregistration.k8s.io'

const rule = { operations: ['CREATE'], apiGroups: [''], apiVersions: ['v1'], resources: ['pods'] }
const policy = (spec: object) => ({
  metadata: { name: 'p' },
  spec: { matchConstraints: { resourceRules: [rule] }, validations: [{ expression: 'true' }], ...spec },
})
const validation = (more: object) => policy({ validations: [{ expression: 'true', ...more }] })
const binding = (spec: object) => ({
  metadata: { name: 'b' },
  spec: { policyName: 'p', validationActions: ['Deny'], ...spec },
})

test(
  accepted,
  'a policy with all there is',
  POLICIES,
  policy({
    paramKind: { apiVersion: 'rules.example.com/v1', kind: 'Limit' },
    matchConditions: [{ name: 'a', expression: 'request.userInfo.username != params.spec.name' }],
    variables: [
      { name: 'first', expression: 'object.spec' },
      { name: 'second', expression: 'variables.first.replicas + 1' },
    ],
    validations: [
      {
        expression: "variables.second < 5 && authorizer.requestResource.check('get').allowed()",
        message: 'no',
        messageExpression: "'no ' + string(variables.second)",
        reason: 'Forbidden',
      },
    ],
    auditAnnotations: [
      { key: 'k', valueExpression: "namespaceObject == null ? 'none' : string(object.kind)" },
    ],
  }),
)
test(
  refused,
  'a policy for nothing that does nothing',
  POLICIES,
  policy({ matchConstraints: undefined, validations: [] }),
  [
    'spec.matchConstraints: Required value',
    'spec.validations: Required value: validations or auditAnnotations must contain at least one item',
    'spec.auditAnnotations: Required value: validations or auditAnnotations must contain at least one item',
  ],
)
test(
  refused,
  'an expression that is none',
  POLICIES,
  validation({ expression: 'object.' }),
  'spec.validations[0].expression: Invalid value: "object.": compilation failed: ERROR: <input>:1:8: Syntax error: no viable alternative at input \'.\'\n | object.\n | .......^',
)
test(
  refused,
  'an expression of another type, and one that asks for what it may not',
  POLICIES,
  validation({ expression: '1', messageExpression: "authorizer.path('/').check('get').reason()" }),
  [
    'spec.validations[0].expression: Invalid value: "1": must evaluate to bool',
    "spec.validations[0].messageExpression: Invalid value: \"authorizer.path('/').check('get').reason()\": compilation failed: ERROR: <input>:1:1: undeclared reference to 'authorizer' (in container '')\n | authorizer.path('/').check('get').reason()\n | ^",
  ],
)
test(
  refused,
  'parameters and variables that are not declared',
  POLICIES,
  policy({
    validations: [{ expression: 'params.a == 1' }],
    variables: [
      { name: 'a', expression: 'variables.b' },
      { name: 'in', expression: 'true' },
    ],
  }),
  [
    "spec.variables[0].expression: Invalid value: \"variables.b\": compilation failed: ERROR: <input>:1:1: undeclared reference to 'variables' (in container '')\n | variables.b\n | ^",
    'spec.variables[1].name: Invalid value: "in": must be a valid CEL identifier',
    "spec.validations[0].expression: Invalid value: \"params.a == 1\": compilation failed: ERROR: <input>:1:1: undeclared reference to 'params' (in container '')\n | params.a == 1\n | ^",
  ],
)
test(
  refused,
  'a reason there is none of, a message of two lines',
  POLICIES,
  validation({ message: 'a\nb', reason: 'Because' }),
  [
    'spec.validations[0].message: Invalid value: "a\\nb": must not contain line breaks',
    'spec.validations[0].reason: Unsupported value: "Because": supported values: "Forbidden", "Invalid", "RequestEntityTooLarge"',
  ],
)
test(
  refused,
  'audit annotations of one key, of no text',
  POLICIES,
  policy({
    auditAnnotations: [
      { key: 'k', valueExpression: 'true' },
      { key: 'k', valueExpression: '' },
    ],
  }),
  [
    'spec.auditAnnotations[0].valueExpression: Invalid value: "true": must evaluate to one of [string null_type]',
    'spec.auditAnnotations[1].valueExpression: Required value: valueExpression is not specified',
    'spec.auditAnnotations[1].key: Duplicate value: "k"',
  ],
)
test(
  refused,
  'a kind of parameters that cannot be',
  POLICIES,
  policy({ paramKind: { apiVersion: 'a/b/c', kind: '' } }),
  [
    'spec.paramKind.apiVersion: Invalid value: "a/b/c": unexpected GroupVersion string: a/b/c',
    'spec.paramKind.kind: Required value',
  ],
)
test(accepted, 'a binding', BINDINGS, binding({}))
test(
  refused,
  'a binding that both denies and warns, with parameters by name and by labels',
  BINDINGS,
  binding({ validationActions: ['Deny', 'Warn'], paramRef: { name: 'x', selector: {} } }),
  [
    'spec.paramRef.name: Forbidden: name and selector are mutually exclusive',
    'spec.paramRef.selector: Forbidden: name and selector are mutually exclusive',
    'spec.paramRef.parameterNotFoundAction: Required value',
    'spec.validationActions: Invalid value: ["Deny","Warn"]: must not contain both Deny and Warn (repeating the same validation failure information in the API response and headers serves no purpose)',
  ],
)
test(
  refused,
  'a binding of nothing to nothing',
  BINDINGS,
  binding({ policyName: '', validationActions: [] }),
  [
    'spec.policyName: Required value',
    'spec.validationActions: Required value: at least one validation action is required',
  ],
)
test(
  refused,
  'a webhook with conditions of one name that are none',
  WEBHOOKS,
  {
    metadata: { name: 'w' },
    webhooks: [
      {
        name: 'a.example.com',
        clientConfig: { url: 'https://example.com/' },
        sideEffects: 'None',
        admissionReviewVersions: ['v1'],
        matchConditions: [
          { name: 'a', expression: 'object.x == 1' },
          { name: 'a', expression: 'foo' },
          { name: 'b', expression: '' },
        ],
      },
    ],
  },
  [
    "webhooks[0].matchConditions[1].expression: Invalid value: \"foo\": compilation failed: ERROR: <input>:1:1: undeclared reference to 'foo' (in container '')\n | foo\n | ^",
    'webhooks[0].matchConditions[1].name: Duplicate value: "a"',
    'webhooks[0].matchConditions[2].expression: Required value',
  ],
)
