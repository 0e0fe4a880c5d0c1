import type { Pod } from '../../../api/kinds/types.ts'
import type { RuntimeEvent } from '../../../plugins/runtime.ts'

/** Whose a container or sandbox is. */
export interface Owner {
  readonly pod: Pod
  /** Something happened to it; the Pod's worker looks. */
  notice(id: string, type?: RuntimeEvent['type']): void
}

/**
 * The owner of each container and sandbox by id, entered when it is made or first seen: so an event finds its Pod without
 * asking the runtime.
 */
export type Owners = Map<string, Owner>

/** Takes out all that one Pod has. */
export function disown(owners: Owners, owner: Owner): void {
  for (const [id, known] of owners) if (known === owner) owners.delete(id)
}
