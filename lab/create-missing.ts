import type { Client } from '../api/client/client.ts'
import type { KindDeclaration } from '../api/kinds/kind.ts'
import type { ApiObject } from '../api/meta/object.ts'
import { isAlreadyExists } from '../api/meta/status.ts'

/** Creates an object unless one of its name is there. */
export async function createMissing<T extends ApiObject>(
  client: Client,
  kind: KindDeclaration<T>,
  object: unknown,
): Promise<void> {
  await client.create(kind, object as T as never).catch(error => {
    if (!isAlreadyExists(error)) throw error
  })
}
