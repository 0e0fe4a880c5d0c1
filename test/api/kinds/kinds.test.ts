import test from 'ava'
import { builtinKinds } from '../../../api/kinds/builtin.ts'
import { groupVersionPath, resourceName } from '../../../api/kinds/kind.ts'

test('no two kinds share a resource, and no short name means two things', t => {
  const stored = builtinKinds.filter(({ storedAs }) => !storedAs)
  const names = stored.map(resourceName)
  t.is(new Set(names).size, names.length)
  const shortNames = stored.flatMap(({ shortNames = [] }) => shortNames)
  t.is(new Set(shortNames).size, shortNames.length)
})

test('every table begins with the name, or is that of events', t => {
  for (const { kind, columns } of builtinKinds) {
    const first = columns[0]!
    t.is(first.name, kind === 'Event' ? 'Last Seen' : 'Name', kind)
  }
})

test('kinds that are answered and not stored only take create, but for what is looked up', t => {
  const answered = builtinKinds.filter(({ stored, kind }) => stored === false && kind !== 'ComponentStatus')
  for (const kind of answered) t.deepEqual(kind.verbs, ['create'], kind.kind)
})

test('paths and names are upstream’s', t => {
  const rows = builtinKinds.map(
    kind => `${groupVersionPath(kind)} ${kind.plural} ${kind.shortNames?.join(',') ?? ''}`,
  )
  for (const row of [
    '/api/v1 pods po',
    '/api/v1 services svc',
    '/api/v1 namespaces ns',
    '/apis/apps/v1 deployments deploy',
    '/apis/apps/v1 replicasets rs',
    '/apis/rbac.authorization.k8s.io/v1 clusterrolebindings ',
    '/apis/discovery.k8s.io/v1 endpointslices ',
    '/apis/coordination.k8s.io/v1 leases ',
    '/apis/batch/v1 cronjobs cj',
    '/apis/networking.k8s.io/v1 ingresses ing',
    '/apis/storage.k8s.io/v1 storageclasses sc',
  ])
    t.true(rows.includes(row), row)
})

test('a table cell never fails on an object with nothing but metadata, spec and status', t => {
  const now = new Date()
  const bare: Record<string, object> = {
    Event: { involvedObject: {} },
    RoleBinding: { roleRef: { kind: 'Role', name: 'x' } },
    ClusterRoleBinding: { roleRef: { kind: 'Role', name: 'x' } },
  }
  const spec = {
    containers: [],
    template: { spec: { containers: [] } },
    jobTemplate: { spec: { template: { spec: { containers: [] } } } },
    scaleTargetRef: {},
    source: {},
  }
  for (const { kind, columns } of builtinKinds)
    for (const { name, value } of columns) {
      const object = { apiVersion: 'v1', kind, metadata: { name: 'x' }, spec, status: {}, ...bare[kind] }
      if (typeof value === 'function') t.notThrows(() => value(object, now), `${kind} ${name}`)
    }
})
