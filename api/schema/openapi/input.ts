import type { KindDeclaration } from '../../kinds/kind.ts'
import type { SchemaSet } from '../schemas.ts'
import type { OpenApiV2 } from './document.ts'

/** What documents are made from. */
export interface OpenApiInput {
  kinds: readonly KindDeclaration[]
  schemas: SchemaSet
  /** The server's version (`v1.34.0`). */
  version: string
  /** What other servers say of the groups that they serve. */
  remote?: RemoteDocuments
}

/** Documents of other servers: where those of v3 are, by name, and those of v2 themselves. */
export interface RemoteDocuments {
  places: Readonly<Record<string, { serverRelativeURL: string }>>
  v2(): Promise<readonly OpenApiV2[]>
}
