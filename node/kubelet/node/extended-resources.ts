import type { Node } from '../../../api/kinds/types.ts'

type Status = NonNullable<Node['status']>
type Amounts = Record<string, unknown>

/** Resources that no machine has of itself: their names have a domain that is not Kubernetes' own. */
const isExtended = (name: string): boolean =>
  /^[^/]+\/./.test(name) && !/(^|\.)kubernetes\.io\//.test(name) && !name.startsWith('requests.')

/**
 * Capacity and allocatable of a node with what others have put into its capacity: Pods may have all of that. What was taken
 * out again is null in allocatable, which deletes it.
 * @param known the Node as the server has it
 */
export function withExtended(
  own: Pick<Status, 'capacity' | 'allocatable'>,
  known: Node | undefined,
): typeof own {
  const { capacity = {}, allocatable = {} } = known?.status ?? {}
  const given = Object.entries(capacity).filter(([name]) => isExtended(name))
  const gone = Object.keys(allocatable).filter(name => isExtended(name) && !(name in capacity))
  if (given.length + gone.length === 0) return own
  const extended: Amounts = Object.fromEntries(given)
  const removed: Amounts = Object.fromEntries(gone.map(name => [name, null]))
  return {
    capacity: { ...extended, ...own.capacity } as never,
    allocatable: { ...removed, ...extended, ...own.allocatable } as never,
  }
}
