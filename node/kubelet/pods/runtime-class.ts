import type { Client } from '../../../api/client/client.ts'
import { runtimeClasses } from '../../../api/kinds/node.ts'
import type { Pod } from '../../../api/kinds/types.ts'

/** The handler a Pod's RuntimeClass names, which the runtime knows; `''` is the default. */
export async function runtimeHandler(client: Client, { spec }: Pod): Promise<string> {
  if (!spec.runtimeClassName) return ''
  const { handler } = await client.get(runtimeClasses, { name: spec.runtimeClassName })
  return handler
}
