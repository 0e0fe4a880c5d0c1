import test from 'ava'
import { accepted, refused } from '../../../helpers/rules.ts'

const ROLES = 'roles.rbac.authorization.k8s.io'
const role = (rule: object) => ({ metadata: { name: 'r', namespace: 'default' }, rules: [rule] })

test(accepted, 'a role', ROLES, role({ apiGroups: [''], resources: ['pods'], verbs: ['get'] }))
test(refused, 'a rule of nothing', ROLES, role({}), [
  'rules[0].verbs: Required value: verbs must contain at least one value',
  'rules[0].apiGroups: Required value: resource rules must supply at least one api group',
  'rules[0].resources: Required value: resource rules must supply at least one resource',
])
test(
  refused,
  'paths in a namespace',
  ROLES,
  role({ nonResourceURLs: ['/x'], verbs: ['get'] }),
  'rules[0].nonResourceURLs: Invalid value: ["/x"]: namespaced rules cannot apply to non-resource URLs',
)

const BINDINGS = 'rolebindings.rbac.authorization.k8s.io'
const roleRef = { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'r' }
const binding = (rest: object) => ({ metadata: { name: 'b', namespace: 'default' }, roleRef, ...rest })

test(accepted, 'a binding', BINDINGS, binding({ subjects: [{ kind: 'ServiceAccount', name: 'a' }] }))
test(
  refused,
  'a binding to what is no role',
  BINDINGS,
  binding({ roleRef: { ...roleRef, kind: 'X' } }),
  'roleRef.kind: Unsupported value: "X": supported values: "Role", "ClusterRole"',
)
test(refused, 'a subject that is nobody', BINDINGS, binding({ subjects: [{ kind: 'X', name: 'a' }] }), [
  'subjects[0].kind: Unsupported value: "X": supported values: "ServiceAccount", "User", "Group"',
])
test(
  refused,
  'another role than before',
  BINDINGS,
  binding({ roleRef: { ...roleRef, name: 'other' } }),
  'roleRef: Invalid value: {"APIGroup":"rbac.authorization.k8s.io","Kind":"Role","Name":"other"}: cannot change roleRef',
  { old: binding({}) },
)
