import test from 'ava'
import { persistentVolumeClaims, pods } from '../../../api/kinds/core.ts'
import { createNodeAuthorizer } from '../../../control-plane/auth/node-authorizer.ts'
import type { AuthorizationAttributes, Decision } from '../../../control-plane/auth/types.ts'
import { createFakeInformers } from '../../helpers/fake-informers.ts'

const NODE = { name: 'system:node:n1', groups: ['system:nodes', 'system:authenticated'] }
const informers = createFakeInformers()
const pod = (name: string, nodeName: string, spec: object) =>
  ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: 'default' },
    spec: { nodeName, containers: [], ...spec },
  }) as never
informers.set(
  pods,
  pod('mine', 'n1', {
    serviceAccountName: 'runner',
    volumes: [
      { name: 's', secret: { secretName: 'used' } },
      { name: 'c', persistentVolumeClaim: { claimName: 'disk' } },
    ],
  }),
  pod('theirs', 'n2', { volumes: [{ name: 's', secret: { secretName: 'other' } }] }),
)
informers.set(persistentVolumeClaims, {
  apiVersion: 'v1',
  kind: 'PersistentVolumeClaim',
  metadata: { name: 'disk', namespace: 'default' },
  spec: { volumeName: 'pv-1' },
} as never)
const authorizer = createNodeAuthorizer(informers)

const ask = async (changes: Partial<AuthorizationAttributes>, user = NODE): Promise<Decision> =>
  await authorizer.authorize({
    user,
    verb: 'get',
    isResourceRequest: true,
    apiGroup: '',
    namespace: 'default',
    ...changes,
  })

const decides = test.macro({
  title: (_, what: string) => `a kubelet ${what}`,
  async exec(t, _: string, changes: Partial<AuthorizationAttributes>, reason?: string) {
    const decision = await ask(changes)
    if (reason === undefined) t.deepEqual(decision, { allowed: 'allow' })
    else t.deepEqual(decision, { allowed: 'no-opinion', reason })
  },
})

const unrelated = "no relationship found between node 'n1' and this object"
const lease = { apiGroup: 'coordination.k8s.io', resource: 'leases' }

test(decides, 'reads a secret its Pod uses', { resource: 'secrets', name: 'used' })
test(decides, 'does not read the secret of another node', { resource: 'secrets', name: 'other' }, unrelated)
test(decides, 'does not list secrets', { resource: 'secrets', verb: 'list' }, 'No Object name found')
test(
  decides,
  'does not write secrets',
  { resource: 'secrets', verb: 'delete', name: 'used' },
  'can only read resources of this type',
)
test(decides, 'reads the claim and the volume of its Pod', { resource: 'persistentvolumes', name: 'pv-1' })
test(decides, 'reads its own Node', { resource: 'nodes', name: 'n1' })
test(
  decides,
  'does not read another Node',
  { resource: 'nodes', name: 'n2' },
  "node 'n1' cannot read 'n2', only its own Node object",
)
test(decides, 'lists the Pods bound to it', {
  resource: 'pods',
  verb: 'list',
  fieldSelector: 'spec.nodeName=n1',
})
test(
  decides,
  'does not list all Pods',
  { resource: 'pods', verb: 'list' },
  'can only list/watch pods with spec.nodeName field selector',
)
test(decides, 'asks for tokens of the accounts of its Pods', {
  resource: 'serviceaccounts',
  subresource: 'token',
  verb: 'create',
  name: 'runner',
})
test(
  decides,
  'asks for no token of an account it does not run',
  { resource: 'serviceaccounts', subresource: 'token', verb: 'create', name: 'admin' },
  unrelated,
)
test(decides, 'renews its Lease', { ...lease, verb: 'update', namespace: 'kube-node-lease', name: 'n1' })
test(
  decides,
  'does not touch the Lease of another node',
  { ...lease, verb: 'update', namespace: 'kube-node-lease', name: 'n2' },
  'can only access node lease with the same name as the requesting node',
)
test(decides, 'writes the status of Pods', {
  resource: 'pods',
  subresource: 'status',
  verb: 'patch',
  name: 'mine',
})

test('who is no node is left to the next authorizer', async t => {
  t.deepEqual(await ask({ resource: 'secrets', name: 'used' }, { name: 'jane', groups: [] }), {
    allowed: 'no-opinion',
  })
})
