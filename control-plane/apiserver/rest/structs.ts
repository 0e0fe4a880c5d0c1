import type { KindDeclaration } from '../../../api/kinds/kind.ts'
import type { ApiObject } from '../../../api/meta/object.ts'
import { isReference } from '../../../api/schema/definition.ts'
import type { SchemaSet } from '../../../api/schema/schemas.ts'

/**
 * The spec of a built-in kind is a struct: one that was left out is an empty one, so that defaults and rules find it.
 */
export function fillSpec(schemas: SchemaSet, kind: KindDeclaration, object: ApiObject): void {
  if (object.spec !== undefined) return
  const type = schemas.definitions[kind.schema]?.fields.spec
  if (type && isReference(type)) object.spec = {}
}
