import type { Client } from '../../../api/client/client.ts'
import { namespaces } from '../../../api/kinds/core.ts'
import { isAlreadyExists } from '../../../api/meta/status.ts'

/** Namespaces that every cluster has. */
const SYSTEM_NAMESPACES = ['kube-system', 'kube-public', 'kube-node-lease', 'default']

export async function ensureNamespaces(client: Client): Promise<void> {
  for (const name of SYSTEM_NAMESPACES) {
    try {
      await client.create(namespaces, { metadata: { name } })
    } catch (error) {
      if (!isAlreadyExists(error)) throw error
    }
  }
}
