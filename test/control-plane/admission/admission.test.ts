import test from 'ava'
import { startTestApiServer } from '../../helpers/api-server.ts'

const api = await startTestApiServer()
test.after.always(() => api.stop())

const core = '/api/v1/namespaces'
const rbac = '/apis/rbac.authorization.k8s.io/v1'
const post = (path: string, body: object, headers: Record<string, string> = {}) =>
  api.raw(path, { body, headers })
const as = (name: string, ...groups: string[]) => ({
  'impersonate-user': name,
  'impersonate-group': groups[0]!,
})

async function makeNamespace(name: string, labels: object = {}) {
  await post(core, { metadata: { name, labels } })
  for (let i = 0; i < 50; i++) {
    const account = await post(`${core}/${name}/serviceaccounts`, { metadata: { name: 'default' } })
    if (account.status === 201 || account.status === 409) return
  }
}

/** Tries until the caches have heard of what was written before. */
async function until<T>(ask: () => Promise<T>, isDone: (answer: T) => boolean): Promise<T> {
  const end = Date.now() + 120_000
  let answer = await ask()
  while (!isDone(answer) && Date.now() < end) {
    await new Promise(resolve => setTimeout(resolve, 50))
    answer = await ask()
  }
  return answer
}

const podOf = (container: object = {}, spec: object = {}) => ({
  metadata: { generateName: 'p-' },
  spec: { containers: [{ name: 'a', image: 'x', ...container }], ...spec },
})

test('a namespace’s level holds its Pods', async t => {
  await makeNamespace('strict', {
    'pod-security.kubernetes.io/enforce': 'baseline',
    'pod-security.kubernetes.io/warn': 'restricted',
  })
  const bad = await post(`${core}/strict/pods`, podOf({}, { hostNetwork: true }))
  t.is(bad.status, 403)
  t.true(
    bad.body.message.endsWith('violates PodSecurity "baseline:latest": host namespaces (hostNetwork=true)'),
  )
  const fine = await post(`${core}/strict/pods`, podOf())
  t.is(fine.status, 201)
  t.true(
    String(fine.headers.warning).includes(
      'would violate PodSecurity \\"restricted:latest\\": allowPrivilege',
    ),
  )
})

test('a level that is none is refused', async t => {
  const labels = { 'pod-security.kubernetes.io/enforce': 'none' }
  const { status, body } = await post(core, { metadata: { name: 'odd', labels } })
  t.is(status, 422)
  t.is(
    body.message,
    'Namespace "odd" is invalid: metadata.labels[pod-security.kubernetes.io/enforce]: Invalid value: "none": must be one of privileged, baseline, restricted',
  )
})

test('LimitRanges fill in and bound', async t => {
  await makeNamespace('limits')
  const limits = [
    { type: 'Container', default: { cpu: '500m' }, defaultRequest: { cpu: '100m' }, max: { cpu: '1' } },
    { type: 'PersistentVolumeClaim', max: { storage: '1Gi' } },
  ]
  await post(`${core}/limits/limitranges`, { metadata: { name: 'l' }, spec: { limits } })
  const { body } = await until(
    () => post(`${core}/limits/pods`, podOf()),
    answer => answer.body.metadata?.annotations,
  )
  t.deepEqual(body.spec.containers[0].resources, { limits: { cpu: '500m' }, requests: { cpu: '100m' } })
  t.is(
    body.metadata.annotations['kubernetes.io/limit-ranger'],
    'LimitRanger plugin set: cpu request for container a; cpu limit for container a',
  )
  t.is(body.status.qosClass, 'Burstable', 'the class of a Pod is that of what it has in the end')
  const bad = await post(`${core}/limits/pods`, podOf({ resources: { limits: { cpu: '2' } } }))
  t.is(bad.status, 403)
  t.true(
    bad.body.message.endsWith(
      'is forbidden: [maximum cpu usage per Container is 1, but limit is 2, maximum cpu usage per Container is 1, but request is 2]',
    ) || bad.body.message.endsWith('is forbidden: maximum cpu usage per Container is 1, but limit is 2'),
  )
  const claim = { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '2Gi' } } }
  const big = await post(`${core}/limits/persistentvolumeclaims`, { metadata: { name: 'c' }, spec: claim })
  t.is(
    big.body.message,
    'persistentvolumeclaims "c" is forbidden: maximum storage usage per PersistentVolumeClaim is 1Gi, but request is 2Gi',
  )
})

test('claims and Ingresses get the default class', async t => {
  await makeNamespace('classes')
  await post('/apis/storage.k8s.io/v1/storageclasses', {
    metadata: { name: 'std', annotations: { 'storageclass.kubernetes.io/is-default-class': 'true' } },
    provisioner: 'example.com/p',
  })
  await post('/apis/networking.k8s.io/v1/ingressclasses', {
    metadata: { name: 'web', annotations: { 'ingressclass.kubernetes.io/is-default-class': 'true' } },
    spec: { controller: 'example.com/i' },
  })
  const spec = { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } }
  const claim = await until(
    () => post(`${core}/classes/persistentvolumeclaims`, { metadata: { generateName: 'c-' }, spec }),
    answer => answer.body.spec?.storageClassName,
  )
  t.is(claim.body.spec.storageClassName, 'std')
  const backend = { service: { name: 's', port: { number: 80 } } }
  const ingress = await until(
    () =>
      post('/apis/networking.k8s.io/v1/namespaces/classes/ingresses', {
        metadata: { generateName: 'i-' },
        spec: { defaultBackend: backend },
      }),
    answer => answer.body.spec?.ingressClassName,
  )
  t.is(ingress.body.spec.ingressClassName, 'web')
})

test('a RuntimeClass must be there, and gives its overhead', async t => {
  await makeNamespace('runtimes')
  const missing = await post(`${core}/runtimes/pods`, podOf({}, { runtimeClassName: 'none' }))
  t.is(missing.status, 403)
  t.true(missing.body.message.endsWith('pod rejected: RuntimeClass "none" not found'))
  await post('/apis/node.k8s.io/v1/runtimeclasses', {
    metadata: { name: 'vm' },
    handler: 'vm',
    overhead: { podFixed: { memory: '64Mi' } },
    scheduling: { nodeSelector: { vm: 'yes' } },
  })
  const { body } = await post(`${core}/runtimes/pods`, podOf({}, { runtimeClassName: 'vm' }))
  t.deepEqual(body.spec.overhead, { memory: '64Mi' })
  t.deepEqual(body.spec.nodeSelector, { vm: 'yes' })
})

test('nobody gives away rights that they do not have', async t => {
  await makeNamespace('rights')
  const rights = { apiGroups: ['rbac.authorization.k8s.io'], resources: ['*'], verbs: ['create', 'update'] }
  const pods = { apiGroups: [''], resources: ['pods'], verbs: ['get'] }
  await post(`${rbac}/clusterroles`, { metadata: { name: 'maker' }, rules: [rights, pods] })
  await post(`${rbac}/clusterrolebindings`, {
    metadata: { name: 'maker' },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'maker' },
    subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: 'jane' }],
  })
  const make = (name: string, rules: object[]) =>
    post(`${rbac}/namespaces/rights/roles`, { metadata: { name }, rules }, as('jane', 'system:authenticated'))
  const fine = await until(
    () => make('fine', [pods]),
    answer => answer.status === 201 || answer.status === 409,
  )
  t.is(fine.status, 201)
  const secrets = { apiGroups: [''], resources: ['secrets'], verbs: ['get', 'list'] }
  const bad = await make('bad', [secrets])
  t.is(bad.status, 403)
  t.is(
    bad.body.message,
    'roles.rbac.authorization.k8s.io "bad" is forbidden: user "jane" (groups=["system:authenticated"]) is attempting to grant RBAC permissions not currently held:\n{APIGroups:[""], Resources:["secrets"], Verbs:["get" "list"]}',
  )
  const bind = (kind: string, name: string) =>
    post(
      `${rbac}/namespaces/rights/rolebindings`,
      {
        metadata: { name: `to-${name}` },
        roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind, name },
        subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: 'jane' }],
      },
      as('jane', 'system:authenticated'),
    )
  const bound = await until(
    () => bind('Role', 'fine'),
    answer => answer.status !== 404,
  )
  t.is(bound.status, 201)
  const admin = await bind('ClusterRole', 'cluster-admin')
  t.is(admin.status, 403)
  t.true(
    admin.body.message.includes(
      'is attempting to grant RBAC permissions not currently held:\n{APIGroups:["*"], Resources:["*"], Verbs:["*"]}\n{NonResourceURLs:["*"], Verbs:["*"]}',
    ),
  )
  t.is((await bind('ClusterRole', 'nobody')).status, 404)
})

test('nothing is evicted in a namespace that is not there', async t => {
  const { status } = await post(`${core}/nowhere/pods/p/eviction`, {
    apiVersion: 'policy/v1',
    kind: 'Eviction',
    metadata: { name: 'p', namespace: 'nowhere' },
  })
  t.is(status, 404)
})
