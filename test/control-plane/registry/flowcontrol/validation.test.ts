import test from 'ava'
import {
  MANDATORY_LEVELS,
  MANDATORY_SCHEMAS,
  SUGGESTED_LEVELS,
  SUGGESTED_SCHEMAS,
} from '../../../../control-plane/registry/flowcontrol/defaults.ts'
import { accepted, faultsOf, refused } from '../../../helpers/rules.ts'

const SCHEMAS = 'flowschemas.flowcontrol.apiserver.k8s.io'
const LEVELS = 'prioritylevelconfigurations.flowcontrol.apiserver.k8s.io'

const subjects = [{ kind: 'User', user: { name: 'jane' } }]
const resourceRules = [{ verbs: ['*'], apiGroups: ['*'], resources: ['*'], namespaces: ['*'] }]
const schema = (spec: object, name = 'mine') => ({
  metadata: { name },
  spec: { priorityLevelConfiguration: { name: 'low' }, rules: [{ subjects, resourceRules }], ...spec },
})
const ruled = (rule: object) => schema({ rules: [{ subjects, resourceRules, ...rule }] })
const level = (limited: object | undefined, name = 'mine') => ({
  metadata: { name },
  spec: { type: 'Limited', ...(limited && { limited }) },
})
const queuing = (queuing: object) => level({ limitResponse: { type: 'Queue', queuing } })

test('accepted: all that the server itself creates', t => {
  for (const object of [...MANDATORY_SCHEMAS, ...SUGGESTED_SCHEMAS])
    t.deepEqual(faultsOf(SCHEMAS, object), [])
  for (const object of [...MANDATORY_LEVELS, ...SUGGESTED_LEVELS]) t.deepEqual(faultsOf(LEVELS, object), [])
})

test(accepted, 'a schema', SCHEMAS, schema({ distinguisherMethod: { type: 'ByUser' } }))
test(
  refused,
  'a schema without a level',
  SCHEMAS,
  schema({ priorityLevelConfiguration: {} }),
  'spec.priorityLevelConfiguration.name: Required value: must reference a priority level',
)
test(
  refused,
  "the exempt schema's precedence",
  SCHEMAS,
  schema({ matchingPrecedence: 1 }),
  `spec.matchingPrecedence: Invalid value: 1: only the schema named 'exempt' may have matchingPrecedence 1`,
)
test(
  refused,
  'a precedence that is too high',
  SCHEMAS,
  schema({ matchingPrecedence: 10_001 }),
  'spec.matchingPrecedence: Invalid value: 10001: must not be greater than 10000',
)
test(
  refused,
  'a rule that is about nothing',
  SCHEMAS,
  ruled({ resourceRules: undefined }),
  'spec.rules[0]: Required value: at least one of resourceRules and nonResourceRules has to be non-empty',
)
test(refused, 'a rule about nobody', SCHEMAS, ruled({ subjects: [] }), [
  'spec.rules[0].subjects: Required value: subjects must contain at least one value',
])
test(
  refused,
  'a subject that is two things',
  SCHEMAS,
  ruled({ subjects: [{ kind: 'Group', group: { name: 'a' }, user: { name: 'b' } }] }),
  `spec.rules[0].subjects[0].user: Forbidden: user is forbidden when subject kind is not 'User'`,
)
test(
  refused,
  'a subject that is not there',
  SCHEMAS,
  ruled({ subjects: [{ kind: 'ServiceAccount' }] }),
  `spec.rules[0].subjects[0].serviceAccount: Required value: serviceAccount is required when subject kind is 'ServiceAccount'`,
)
test(
  refused,
  'all resources and one more, nowhere',
  SCHEMAS,
  ruled({ resourceRules: [{ verbs: ['get'], apiGroups: [''], resources: ['*', 'pods'] }] }),
  [
    `spec.rules[0].resourceRules[0].resources: Invalid value: ["*","pods"]: if '*' is present, must not specify other resources`,
    'spec.rules[0].resourceRules[0].namespaces: Required value: resource rules that are not cluster scoped must supply at least one namespace',
  ],
)
test(
  refused,
  'a path that is none',
  SCHEMAS,
  ruled({ nonResourceRules: [{ verbs: ['get'], nonResourceURLs: ['healthz', '/a*'] }] }),
  [
    'spec.rules[0].nonResourceRules[0].nonResourceURLs[0]: Invalid value: "healthz": must start with slash',
    'spec.rules[0].nonResourceRules[0].nonResourceURLs[1]: Invalid value: "/a*": wildcard can only do suffix matching',
  ],
)
test('the catch-all schema changed', t => {
  const [fault] = faultsOf(SCHEMAS, schema({}, 'catch-all'))
  t.regex(fault!, /^spec: Invalid value: .*: spec of 'catch-all' must equal the fixed value$/)
})

test(accepted, 'a level that refuses', LEVELS, level({ limitResponse: { type: 'Reject' } }))
test(accepted, 'a level with queues', LEVELS, queuing({}))
test(
  refused,
  'a level without limits',
  LEVELS,
  level(undefined),
  'spec.limited: Required value: must not be empty when type is Limited',
)
test(refused, 'a hand that is too large', LEVELS, queuing({ queues: 4, handSize: 8 }), [
  'spec.limited.limitResponse.queuing.handSize: Invalid value: 8: should not be greater than queues (4)',
])
test(refused, 'a hand that takes too much chance', LEVELS, queuing({ queues: 512, handSize: 8 }), [
  'spec.limited.limitResponse.queuing.handSize: Invalid value: 8: required entropy bits of deckSize 512 and handSize 8 should not be greater than 60',
])
test(refused, 'queues of no length', LEVELS, queuing({ queueLengthLimit: 0 }), [
  'spec.limited.limitResponse.queuing.queueLengthLimit: Invalid value: 0: must be positive',
])
test(
  refused,
  'a level that lends more than all',
  LEVELS,
  level({ limitResponse: { type: 'Reject' }, lendablePercent: 101, nominalConcurrencyShares: -1 }),
  [
    'spec.limited.nominalConcurrencyShares: Invalid value: -1: must be a non-negative integer',
    'spec.limited.lendablePercent: Invalid value: 101: must be between 0 and 100, inclusive',
  ],
)
test(
  refused,
  'a level that is exempt by another name',
  LEVELS,
  { metadata: { name: 'mine' }, spec: { type: 'Exempt', exempt: {} } },
  "spec.type: Invalid value: \"Exempt\": must be 'Exempt' if and only if `name` is 'exempt'",
)
test(accepted, 'the exempt level, lending', LEVELS, {
  metadata: { name: 'exempt' },
  spec: { type: 'Exempt', exempt: { nominalConcurrencyShares: 10, lendablePercent: 50 } },
})
test('the catch-all level changed', t => {
  const [fault] = faultsOf(LEVELS, level({ limitResponse: { type: 'Reject' } }, 'catch-all'))
  t.regex(fault!, /^spec: Invalid value: .*: spec of 'catch-all' must equal the fixed value$/)
})
