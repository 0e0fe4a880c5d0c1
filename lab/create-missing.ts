import type { Client } from '../api/client/client.ts'
import type { KindDeclaration } from '../api/kinds/kind.ts'
import type { ApiObject } from '../api/meta/object.ts'
import { isAlreadyExists, isNotFound } from '../api/meta/status.ts'

/** Creates an object unless one of its name is there. */
export async function createMissing<T extends ApiObject>(
  client: Client,
  kind: KindDeclaration<T>,
  object: { metadata: { name: string; namespace?: string } },
): Promise<void> {
  const there = await client.get(kind, object.metadata).catch(error => {
    if (!isNotFound(error)) throw error
  })
  if (there) return
  await client.create(kind, object as never).catch(error => {
    if (!isAlreadyExists(error)) throw error
  })
}
