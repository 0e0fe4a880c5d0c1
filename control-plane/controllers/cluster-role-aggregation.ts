import { isDeepStrictEqual } from 'node:util'
import type { Controller } from '../../api/client/controller.ts'
import { clusterRoles } from '../../api/kinds/rbac.ts'
import type { ClusterRole, PolicyRule } from '../../api/kinds/types.ts'
import { labelSelector } from '../../api/meta/selectors.ts'
import type { ControllerContext } from './context.ts'

/** Sums up the rules of the roles a ClusterRole chooses by their labels (`aggregationRule`) in that role. */
export function clusterRoleAggregation({ client, informers }: ControllerContext): Controller {
  const cache = informers.informer(clusterRoles)
  const summed = (): ClusterRole[] => cache.list().filter(({ aggregationRule }) => aggregationRule)
  return {
    name: 'clusterrole-aggregation',
    // Whichever role changes may be part of any sum, or have been.
    watches: [{ kind: clusterRoles, keys: () => summed().map(({ metadata }) => metadata.name) }],
    async reconcile(name) {
      const role = cache.get(name)
      if (!role?.aggregationRule) return
      const rules = sumOf(role, cache.list())
      if (isDeepStrictEqual(rules, role.rules ?? [])) return
      const body = { metadata: { resourceVersion: role.metadata.resourceVersion }, rules }
      await client.patch(clusterRoles, role.metadata, { type: 'merge', body })
    },
  }
}

/** Every rule once, selector by selector, the roles of each in the order of their names. */
function sumOf({ metadata, aggregationRule }: ClusterRole, roles: readonly ClusterRole[]): PolicyRule[] {
  const rules: PolicyRule[] = []
  const sorted = [...roles].sort((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1))
  for (const chosen of aggregationRule?.clusterRoleSelectors ?? []) {
    const selector = labelSelector(chosen as never)
    for (const role of sorted) {
      if (role.metadata.name === metadata.name || !selector.matches(role.metadata.labels)) continue
      for (const rule of role.rules ?? []) {
        if (!rules.some(known => isDeepStrictEqual(known, rule))) rules.push(rule)
      }
    }
  }
  return rules
}
