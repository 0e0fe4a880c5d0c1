import { bindingColumns, roleColumns } from './columns/others.ts'
import { groupVersion } from './declare.ts'
import type { ClusterRole, ClusterRoleBinding, Role, RoleBinding } from './types.ts'

const v1 = groupVersion('rbac.authorization.k8s.io', 'v1')

export const roles = v1<Role>({ kind: 'Role', plural: 'roles', columns: roleColumns })

export const roleBindings = v1<RoleBinding>({
  kind: 'RoleBinding',
  plural: 'rolebindings',
  columns: bindingColumns,
})

export const clusterRoles = v1<ClusterRole>({
  kind: 'ClusterRole',
  plural: 'clusterroles',
  namespaced: false,
  columns: roleColumns,
})

export const clusterRoleBindings = v1<ClusterRoleBinding>({
  kind: 'ClusterRoleBinding',
  plural: 'clusterrolebindings',
  namespaced: false,
  columns: bindingColumns,
})
