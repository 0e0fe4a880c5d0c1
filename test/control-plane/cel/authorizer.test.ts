import { setTimeout as sleep } from 'node:timers/promises'
import test from 'ava'
import type { AuthorizationAttributes, Decision } from '../../../control-plane/auth/types.ts'
import {
  AUTHORIZER,
  type Authorize,
  AuthorizerValue,
  compile,
  createEnvironment,
  evaluateSettled,
  RESOURCE_CHECK,
} from '../../../control-plane/cel/index.ts'

const asked: AuthorizationAttributes[] = []
const mayListPods: Authorize = async attributes => {
  asked.push(attributes)
  await sleep(1)
  if (attributes.verb === 'explode') throw new Error('out of order')
  const { resource, verb, namespace } = attributes
  const decision: Decision =
    resource === 'pods' && verb === 'list' && namespace === 'here'
      ? { allowed: 'allow', reason: 'because' }
      : { allowed: 'no-opinion' }
  return decision
}

async function evaluate(expression: string): Promise<{ value: unknown; cost: number }> {
  const environment = createEnvironment()
  environment.registerVariable('authorizer', AUTHORIZER)
  environment.registerVariable('authorizer.requestResource', RESOURCE_CHECK)
  const authorizer = new AuthorizerValue({ name: 'jane', groups: ['team'] }, mayListPods)
  const requestResource = authorizer.resource({ apiGroup: '', resource: 'pods', namespace: 'here' })
  const budget = { left: 10_000_000 }
  const variables = { authorizer, 'authorizer.requestResource': requestResource }
  const value = await evaluateSettled(compile(environment, expression), variables, budget)
  return { value, cost: 10_000_000 - budget.left }
}

const TRUE = [
  'authorizer.group("").resource("pods").namespace("here").check("list").allowed()',
  '!authorizer.group("").resource("pods").namespace("there").check("list").allowed()',
  'authorizer.requestResource.check("list").reason() == "because"',
  'authorizer.requestResource.check("explode").errored()',
  'authorizer.requestResource.check("explode").error() == "out of order"',
  '!authorizer.path("/healthz").check("get").allowed()',
]

for (const expression of TRUE) {
  test.serial(`an authorizer is asked from an expression: ${expression}`, async t => {
    t.true((await evaluate(expression)).value)
  })
}

test.serial('a check costs so much that an expression can do two, however long an answer takes', async t => {
  const { value, cost } = await evaluate(
    'authorizer.requestResource.check("list").allowed() && !authorizer.requestResource.check("get").allowed()',
  )
  t.true(value)
  t.true(cost > 700_000 && cost < 701_000)
})

test.serial('a service account is asked for under its name and groups', async t => {
  asked.length = 0
  await evaluate(
    'authorizer.serviceAccount("ns", "sa").group("apps").resource("deployments").check("get").allowed()',
  )
  t.like(asked[0], {
    user: { name: 'system:serviceaccount:ns:sa' },
    isResourceRequest: true,
    apiGroup: 'apps',
    resource: 'deployments',
    verb: 'get',
  })
  await t.throwsAsync(evaluate('authorizer.serviceAccount("", "sa").path("/").check("get").allowed()'), {
    message: 'Invalid service account namespace',
  })
})
