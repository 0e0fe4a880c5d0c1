import type { SchemaSet } from '../../../api/schema/schemas.ts'

const known = new WeakMap<SchemaSet, Map<string, string>>()

/** Name of the definition that describes objects of a kind (`io.k8s.api.core.v1.Pod`); undefined when there is none. */
export function definitionOf(schemas: SchemaSet, apiVersion: string, kind: string): string | undefined {
  let names = known.get(schemas)
  if (!names) {
    names = new Map()
    for (const [name, { kinds = [] }] of Object.entries(schemas.definitions)) {
      for (const { group, version, kind } of kinds) {
        names.set(`${group ? `${group}/` : ''}${version} ${kind}`, name)
      }
    }
    known.set(schemas, names)
  }
  return names.get(`${apiVersion} ${kind}`)
}
