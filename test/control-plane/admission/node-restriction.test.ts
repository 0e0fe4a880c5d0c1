import test from 'ava'
import { notFound } from '../../../api/meta/status.ts'
import { nodeRestriction } from '../../../control-plane/admission/node-restriction/plugin.ts'
import type { AdmissionAttributes } from '../../../plugins/admission.ts'
import { attributesOf, refusal } from '../../helpers/admission.ts'
import { createRequest } from '../../helpers/certificate-request.ts'

const user = { name: 'system:node:n1', groups: ['system:nodes'] }
const STORED: Record<string, any> = {
  'nodes/n1': { metadata: { name: 'n1', uid: 'node-uid' } },
  'pods/own': {
    metadata: { name: 'own', uid: 'u' },
    spec: {
      nodeName: 'n1',
      volumes: [
        { name: 't', projected: { sources: [{ serviceAccountToken: { audience: 'vault', path: 't' } }] } },
        { name: 'c', csi: { driver: 'd' } },
      ],
    },
  },
  'pods/other': { metadata: { name: 'other', uid: 'u' }, spec: { nodeName: 'n2' } },
  'csidrivers/d': { metadata: { name: 'd' }, spec: { tokenRequests: [{ audience: 'csi' }] } },
}
const client: any = {
  async get(kind: any, { name }: any) {
    const found = STORED[`${kind.plural}/${name}`]
    if (!found) throw notFound(kind, name)
    return found
  },
}
const authorizer: any = {
  authorize: async ({ resource }: any) => ({ allowed: resource === 'extra' ? 'allow' : 'no-opinion' }),
}
const plugin = nodeRestriction(client, authorizer)

const ask = (resource: string, write: Partial<AdmissionAttributes>): Promise<string | undefined> =>
  refusal(plugin, attributesOf(resource, { user, ...write }))

const judged = test.macro({
  title: (_, what: string) => `node: ${what}`,
  async exec(t, _: string, resource: string, write: object, why: string | undefined) {
    t.is(await ask(resource, write), why)
  },
})

const mirror = (spec: object = {}, metadata: object = {}): any => ({
  metadata: {
    name: 'p',
    annotations: { 'kubernetes.io/config.mirror': 'x' },
    ownerReferences: [{ apiVersion: 'v1', kind: 'Node', name: 'n1', uid: 'node-uid', controller: true }],
    ...metadata,
  },
  spec: { nodeName: 'n1', containers: [{ name: 'c' }], ...spec },
})
const no = (why: string): string => `pods "p" is forbidden: ${why}`

test(judged, 'makes the stand-in of a static Pod', 'pods', { object: mirror() }, undefined)
test(
  judged,
  'makes no other Pod',
  'pods',
  { object: mirror({}, { annotations: {} }) },
  no('pod does not have "kubernetes.io/config.mirror" annotation, node "n1" can only create mirror pods'),
)
test(
  judged,
  'makes none for others',
  'pods',
  { object: mirror({ nodeName: 'n2' }) },
  no('node "n1" can only create pods with spec.nodeName set to itself'),
)
test(
  judged,
  'owns its Pods',
  'pods',
  { object: mirror({}, { ownerReferences: [] }) },
  no('node "n1" can only create pods with an owner reference set to itself'),
)
test(
  judged,
  'owns its Pods as itself',
  'pods',
  {
    object: mirror(
      {},
      { ownerReferences: [{ apiVersion: 'v1', kind: 'Node', name: 'n1', uid: 'u', controller: true }] },
    ),
  },
  no('node n1 UID mismatch: expected u got node-uid'),
)
test(
  judged,
  'leads to no secrets',
  'pods',
  { object: mirror({ volumes: [{ name: 'v', secret: { secretName: 's' } }] }) },
  no('node "n1" can not create pods that reference secrets'),
)
test(
  judged,
  'deletes no Pods of others',
  'pods',
  { operation: 'DELETE', name: 'p', oldObject: { spec: { nodeName: 'n2' } } },
  no('node "n1" can only delete pods with spec.nodeName set to itself'),
)
test(
  judged,
  'changes no Pods',
  'pods',
  { operation: 'UPDATE', object: mirror(), oldObject: mirror() },
  no('unexpected operation "UPDATE", node "n1" can only create and delete mirror pods'),
)
test(
  judged,
  'changes no labels by the status',
  'pods',
  {
    operation: 'UPDATE',
    subresource: 'status',
    object: mirror({}, { labels: { a: 'b' } }),
    oldObject: mirror(),
  },
  no('node "n1" cannot update labels through pod status'),
)
test(
  judged,
  'evicts no Pods of others',
  'pods',
  { subresource: 'eviction', name: 'other', object: { metadata: { name: 'other' } } },
  'pods "other" is forbidden: node n1 can only evict pods with spec.nodeName set to itself',
)

const node = (labels: object, spec: object = {}): any => ({ metadata: { name: 'n1', labels }, spec })
test(
  judged,
  'gives itself labels of its own',
  'nodes',
  {
    object: node({
      'kubernetes.io/os': 'linux',
      'node.kubernetes.io/x': '',
      'sub.kubelet.kubernetes.io/y': '',
      'example.com/z': '',
    }),
  },
  undefined,
)
test(
  judged,
  'gives itself no labels of the cluster',
  'nodes',
  {
    object: node({
      'node-restriction.kubernetes.io/a': '',
      'node-role.kubernetes.io/b': '',
      'x.k8s.io/c': '',
    }),
  },
  'nodes "n1" is forbidden: node "n1" is not allowed to set the following labels: node-restriction.kubernetes.io/a, node-role.kubernetes.io/b, x.k8s.io/c',
)
test(
  judged,
  'takes none away',
  'nodes',
  {
    operation: 'UPDATE',
    object: node({}),
    oldObject: node({ 'example.node-restriction.kubernetes.io/a': '' }),
  },
  'nodes "n1" is forbidden: is not allowed to modify labels: example.node-restriction.kubernetes.io/a',
)
test(
  judged,
  'keeps its taints',
  'nodes',
  {
    operation: 'UPDATE',
    object: node({}),
    oldObject: node({}, { taints: [{ key: 'k', effect: 'NoSchedule' }] }),
  },
  'nodes "n1" is forbidden: node "n1" is not allowed to modify taints',
)
test(
  judged,
  'writes no other Node',
  'nodes',
  { operation: 'UPDATE', name: 'n2', object: node({}), oldObject: node({}) },
  'nodes "n2" is forbidden: node "n1" is not allowed to modify node "n2"',
)

const lease = { metadata: { name: 'n1' } } as any
test(
  judged,
  'has its Lease',
  'leases.coordination.k8s.io',
  { namespace: 'kube-node-lease', object: lease },
  undefined,
)
test(
  judged,
  'has no Lease elsewhere',
  'leases.coordination.k8s.io',
  { object: lease },
  'leases.coordination.k8s.io "n1" is forbidden: can only access leases in the "kube-node-lease" system namespace',
)
test(
  judged,
  'has no other CSINode',
  'csinodes.storage.k8s.io',
  { object: { metadata: { name: 'n2' } } },
  'csinodes.storage.k8s.io "n2" is forbidden: can only access CSINode with the same name as the requesting node',
)
test(
  judged,
  'offers its own devices',
  'resourceslices.resource.k8s.io',
  { object: { metadata: { name: 's' }, spec: { nodeName: 'n2' } } },
  'resourceslices.resource.k8s.io "s" is forbidden: can only create ResourceSlice with the same NodeName as the requesting node',
)
const claim = (status: object, spec: object = {}): any => ({ metadata: { name: 'c' }, spec, status })
test(
  judged,
  'tells how large a claim is',
  'persistentvolumeclaims',
  {
    operation: 'UPDATE',
    subresource: 'status',
    object: claim({ phase: 'Bound', capacity: { storage: '2Gi' } }),
    oldObject: claim({ phase: 'Bound' }),
  },
  undefined,
)
test(
  judged,
  'changes no claim',
  'persistentvolumeclaims',
  { operation: 'UPDATE', object: claim({}), oldObject: claim({}) },
  'persistentvolumeclaims "c" is forbidden: may only update PVC status',
)

const token = (pod: string, audiences: string[], uid: string | undefined = 'u') => ({
  subresource: 'token',
  name: 'sa',
  object: { spec: { audiences, boundObjectRef: { apiVersion: 'v1', kind: 'Pod', name: pod, uid } } },
})
const noToken = (why: string): string => `serviceaccounts "sa" is forbidden: ${why}`
test(judged, 'asks for tokens of its Pods', 'serviceaccounts', token('own', ['vault']), undefined)
test(judged, 'asks for tokens that a driver wants', 'serviceaccounts', token('own', ['csi']), undefined)
test(judged, 'asks for tokens it has a right to', 'serviceaccounts', token('own', ['extra']), undefined)
test(
  judged,
  'asks for no tokens for others to read',
  'serviceaccounts',
  token('own', ['bank']),
  noToken(
    'audience "bank" not found in pod spec volume, system:node:n1 is not authorized to request tokens for this audience',
  ),
)
test(
  judged,
  'asks for no tokens of Pods elsewhere',
  'serviceaccounts',
  token('other', ['vault']),
  noToken('node requested token bound to a pod scheduled on a different node'),
)
test(
  judged,
  'asks for no tokens without a Pod',
  'serviceaccounts',
  { subresource: 'token', name: 'sa', object: { spec: {} } },
  noToken('node requested token not bound to a pod'),
)

test('a node asks for certificates of its own', async t => {
  const signing = async (name: string): Promise<any> => ({
    metadata: { name: 'r' },
    spec: { signerName: 'kubernetes.io/kubelet-serving', request: await createRequest(name) },
  })
  const kind = 'certificatesigningrequests.certificates.k8s.io'
  t.is(await ask(kind, { object: await signing('system:node:n1') }), undefined)
  t.is(
    await ask(kind, { object: await signing('system:node:n2') }),
    `${kind} "r" is forbidden: can only create a node CSR with CN=system:node:n1`,
  )
})

test('everybody else is not kept to a node', async t => {
  const someone = { name: 'jane', groups: [] }
  t.is(await ask('nodes', { user: someone, object: node({ 'node-role.kubernetes.io/a': '' }) }), undefined)
})
