import test from 'ava'
import { FlowControl } from '../../../../control-plane/apiserver/fairness/flow-control.ts'
import { WatchCounts } from '../../../../control-plane/apiserver/fairness/watch-counts.ts'
import { WorkEstimator } from '../../../../control-plane/apiserver/fairness/work-estimate.ts'
import { KindRegistry } from '../../../../control-plane/apiserver/kind-registry.ts'
import { parseRequest } from '../../../../control-plane/apiserver/pipeline/request-info.ts'
import {
  MANDATORY_LEVELS,
  MANDATORY_SCHEMAS,
  SUGGESTED_LEVELS,
  SUGGESTED_SCHEMAS,
} from '../../../../control-plane/registry/flowcontrol/defaults.ts'

const noCache = () => {
  throw new Error('nothing is read')
}
const kinds = new KindRegistry({ createCache: noCache, strategies: {} })
const control = new FlowControl({ seats: 600, estimator: new WorkEstimator(kinds, new WatchCounts()) })
control.configure([...MANDATORY_LEVELS, ...SUGGESTED_LEVELS], [...MANDATORY_SCHEMAS, ...SUGGESTED_SCHEMAS])

const classified = test.macro<[string, string[], string, string, string?]>({
  title: (_, ...[name, , request]: [string, string[], string, string, string?]) => `${name}: ${request}`,
  exec(t, name, groups, request, schema, distinguisher = '') {
    const [method, url] = request.split(' ') as [string, string]
    const user = { name, groups: [...groups, 'system:authenticated'] }
    for (let times = 0; times < 2; times++) {
      const ticket = control.open(parseRequest(method, url), user)
      t.is(ticket.schema.name, schema)
      t.is(ticket.flow.distinguisher, distinguisher)
    }
  },
})

const NODE = 'system:node:a'
const MANAGER = 'system:kube-controller-manager'
const ACCOUNTS = ['system:serviceaccounts']
const LEASE = '/apis/coordination.k8s.io/v1/namespaces/kube-system/leases/x'

test(classified, 'admin', ['system:masters'], 'GET /api/v1/nodes', 'exempt')
test(classified, 'admin', ['system:masters'], 'GET /readyz', 'exempt')
test(classified, 'jane', [], 'GET /readyz', 'probes')
test(classified, 'jane', [], 'GET /livez/ping', 'probes')
test(classified, 'jane', [], 'POST /readyz', 'global-default', 'jane')
test(classified, 'jane', [], 'GET /readyzes', 'global-default', 'jane')
test(classified, 'jane', [], 'GET /api/v1/pods', 'global-default', 'jane')
test(classified, NODE, ['system:nodes'], 'PATCH /api/v1/nodes/a/status', 'system-node-high', NODE)
test(classified, NODE, ['system:nodes'], `PUT ${LEASE}`, 'system-node-high', NODE)
test(classified, NODE, ['system:nodes'], 'GET /api/v1/namespaces/a/pods/b', 'system-nodes', NODE)
test(classified, NODE, ['system:nodes'], 'GET /api/v1/nodes/a/proxy', 'system-nodes', NODE)
test(classified, MANAGER, [], `PUT ${LEASE}`, 'system-leader-election', MANAGER)
test(classified, MANAGER, [], `DELETE ${LEASE}`, 'kube-controller-manager', 'kube-system')
test(classified, MANAGER, [], 'GET /api/v1/nodes', 'kube-controller-manager')
test(
  classified,
  'system:serviceaccount:kube-system:dns',
  ACCOUNTS,
  'GET /api/v1/namespaces/a/pods',
  'kube-system-service-accounts',
  'a',
)
test(
  classified,
  'system:serviceaccount:kube-systems:dns',
  ACCOUNTS,
  'GET /api/v1/namespaces/a/pods',
  'service-accounts',
  'system:serviceaccount:kube-systems:dns',
)

test('the same name with other groups is another user', t => {
  const info = parseRequest('GET', '/api/v1/pods')
  t.is(control.open(info, { name: 'joe', groups: ['system:authenticated'] }).schema.name, 'global-default')
  t.is(control.open(info, { name: 'joe', groups: ['system:masters'] }).schema.name, 'exempt')
})

test('who is in no group at all goes to the catch-all', t => {
  t.is(control.open(parseRequest('GET', '/api'), { name: 'joe', groups: [] }).schema.name, 'catch-all')
})

test('seats are divided as upstream divides them', t => {
  const limits = [...control.levels.values()].map(({ name, nominal, least, most, maxSeats }) => [
    name,
    nominal,
    least,
    most,
    maxSeats,
  ])
  t.deepEqual(limits, [
    ['exempt', 0, 0, 600, 0],
    ['catch-all', 13, 13, 613, 0],
    ['system', 74, 50, 674, 12],
    ['node-high', 98, 73, 698, 15],
    ['leader-election', 25, 25, 625, 4],
    ['workload-high', 98, 49, 698, 15],
    ['workload-low', 245, 24, 845, 37],
    ['global-default', 49, 24, 649, 8],
  ])
})
