import type { Client } from '../../../api/client/client.ts'
import { priorityClasses } from '../../../api/kinds/scheduling.ts'
import { isAlreadyExists } from '../../../api/meta/status.ts'

/** Classes that every cluster has. */
const SYSTEM_CLASSES = [
  {
    metadata: { name: 'system-node-critical' },
    value: 2_000_001_000,
    description: 'Used for system critical pods that must not be moved from their current node.',
  },
  {
    metadata: { name: 'system-cluster-critical' },
    value: 2_000_000_000,
    description:
      'Used for system critical pods that must run in the cluster, but can be moved to another node if necessary.',
  },
]

export async function ensurePriorityClasses(client: Client): Promise<void> {
  await Promise.all(
    SYSTEM_CLASSES.map(wanted =>
      client.create(priorityClasses, wanted as object).catch(error => {
        if (!isAlreadyExists(error)) throw error
      }),
    ),
  )
}
