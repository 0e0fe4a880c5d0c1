import test from 'ava'
import type { ValidatingAdmissionPolicy } from '../../../../api/kinds/admission-types.ts'
import { validatingAdmissionPolicies } from '../../../../api/kinds/admissionregistration.ts'
import { startTestControlLoops, type TestControlLoops } from '../../../helpers/control-loops.ts'
import { definition, establish, version } from '../../../helpers/custom-resources.ts'

let loops: TestControlLoops

test.before(async () => {
  loops = await startTestControlLoops({ scheduler: false })
  await loops.watched(validatingAdmissionPolicies)
})
test.after.always(() => loops?.stop())

const rule = (apiGroups: string[], apiVersions: string[], resources: string[]) => ({
  operations: ['*'],
  apiGroups,
  apiVersions,
  resources,
})

async function statusOf(
  name: string,
  spec: object,
  rules: object[],
): Promise<NonNullable<ValidatingAdmissionPolicy['status']>> {
  await loops.client.create(validatingAdmissionPolicies, {
    metadata: { name },
    spec: { matchConstraints: { resourceRules: rules }, ...spec },
  })
  const { status } = await loops.waitFor(
    validatingAdmissionPolicies,
    name,
    ({ status }) => status?.observedGeneration,
  )
  return status!
}

const DEPLOYMENTS = rule(['apps'], ['v1'], ['deployments', 'deployments/scale'])

test('a policy whose expressions fit has been looked at, and that is all', async t => {
  const validations = [
    {
      expression: 'object.spec.replicas > 1 && variables.ready == 0',
      messageExpression: "'need ' + string(object.spec.replicas)",
    },
  ]
  const variables = [{ name: 'ready', expression: 'object.status.readyReplicas' }]
  const status = await statusOf('fits', { validations, variables }, [DEPLOYMENTS])
  t.deepEqual(status, { observedGeneration: 1, typeChecking: {} })
})

test('an expression that does not fit its kind is told of, kind by kind', async t => {
  const validations = [
    { expression: 'object.spec.replicas > "1"' },
    { expression: 'has(object.spec.replicas)', messageExpression: 'string(object.spec.nothing)' },
  ]
  const rules = [rule(['apps'], ['v1'], ['deployments', 'daemonsets'])]
  const { typeChecking } = await statusOf('misfits', { validations }, rules)
  const [first, second, third] = typeChecking!.expressionWarnings!
  t.is(typeChecking!.expressionWarnings!.length, 3)
  t.is(first!.fieldRef, 'spec.validations[0].expression')
  t.is(
    first!.warning,
    [
      'apps/v1, Kind=DaemonSet: ERROR: <input>:1:12: undefined field \'replicas\'\n | object.spec.replicas > "1"\n | ...........^\n',
      "apps/v1, Kind=Deployment: ERROR: <input>:1:22: found no matching overload for '_>_' applied to '(int, string)'\n | object.spec.replicas > \"1\"\n | .....................^\n",
    ].join('\n'),
  )
  t.is(second!.fieldRef, 'spec.validations[1].expression')
  t.regex(second!.warning, /^apps\/v1, Kind=DaemonSet: ERROR: .*undefined field 'replicas'/)
  t.is(third!.fieldRef, 'spec.validations[1].messageExpression')
})

test('custom resources and parameters have the types of their definitions; rules for everything have none', async t => {
  const group = 'typed.example.com'
  await establish(loops.api, definition(group, [version('v1', { size: { type: 'integer' } })]))
  const rules = [rule([group], ['v1'], ['things'])]
  const paramKind = { apiVersion: 'v1', kind: 'ConfigMap' }
  const validations = [
    { expression: 'object.spec.size > 1 && object.metadata.name != ""' },
    { expression: 'object.spec.length > 1' },
    { expression: 'params.data.size == 1' },
  ]
  const { typeChecking } = await statusOf('typed', { paramKind, validations }, rules)
  t.deepEqual(
    typeChecking!.expressionWarnings!.map(
      ({ fieldRef, warning }) => `${fieldRef} ${/ERROR: [^\n]*/.exec(warning)}`,
    ),
    [
      "spec.validations[1].expression ERROR: <input>:1:12: undefined field 'length'",
      "spec.validations[2].expression ERROR: <input>:1:18: found no matching overload for '_==_' applied to '(string, int)'",
    ],
  )
  const wild = await statusOf('wild', { validations: [{ expression: 'object.nothing == 1' }] }, [
    rule(['*'], ['*'], ['*']),
  ])
  t.deepEqual(wild.typeChecking, {})
})

test('a policy that was changed is looked at again', async t => {
  await statusOf('changed', { validations: [{ expression: 'object.spec.nothing == 1' }] }, [DEPLOYMENTS])
  const body = { spec: { validations: [{ expression: 'object.spec.replicas == 1' }] } }
  await loops.client.patch(validatingAdmissionPolicies, { name: 'changed' }, { type: 'merge', body })
  const { status } = await loops.waitFor(
    validatingAdmissionPolicies,
    'changed',
    ({ status }) => status?.observedGeneration === 2,
  )
  t.deepEqual(status!.typeChecking, {})
})
