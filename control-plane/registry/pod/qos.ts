import type { Pod } from '../../../api/kinds/types.ts'
import { compareQuantity } from '../../../api/meta/quantity.ts'

const RESOURCES = ['cpu', 'memory'] as const

type Requirements = { requests?: Record<string, string>; limits?: Record<string, string> }

/** `Guaranteed`, `Burstable` or `BestEffort`: which Pods go first when a node runs short. */
export function qosClass({ spec }: Pod): string {
  const own = (spec as { resources?: Requirements }).resources
  const lists = own
    ? [own]
    : [...(spec.containers ?? []), ...(spec.initContainers ?? [])].map(
        ({ resources }) => (resources ?? {}) as Requirements,
      )
  const isSet = (amount: string | undefined): boolean =>
    amount !== undefined && compareQuantity(amount, '0') > 0
  const asks = ({ requests, limits }: Requirements): boolean =>
    RESOURCES.some(name => isSet(requests?.[name]) || isSet(limits?.[name]))
  if (!lists.some(asks)) return 'BestEffort'
  const isBounded = ({ requests, limits }: Requirements): boolean =>
    RESOURCES.every(name => {
      const limit = limits?.[name]
      return isSet(limit) && compareQuantity(requests?.[name] ?? limit!, limit!) === 0
    })
  return lists.every(isBounded) ? 'Guaranteed' : 'Burstable'
}
