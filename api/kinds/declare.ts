import type { ApiObject } from '../meta/object.ts'
import { objectAge } from './columns/common.ts'
import type { Column, KindDeclaration } from './kind.ts'

type Given<T> = Partial<KindDeclaration<T>> & Pick<KindDeclaration<T>, 'kind' | 'plural'>

/** NAME and AGE: the table of a kind that declares no columns. */
export const DEFAULT_COLUMNS: readonly Column[] = [
  { name: 'Name', type: 'string', format: 'name', value: '.metadata.name' },
  { name: 'Age', type: 'string', value: objectAge },
]

/**
 * Gives a function that declares the kinds of one group version. Left out of a declaration: `singular` is the kind in
 * lower case, `namespaced` is true, `schema` follows upstream's naming of definitions.
 */
export function groupVersion(group: string, version: string) {
  const schemaGroup = group === '' ? 'core' : group.split('.')[0]
  return <T extends ApiObject = ApiObject>(given: Given<T>): KindDeclaration<T> => ({
    group,
    version,
    singular: given.kind.toLowerCase(),
    namespaced: true,
    schema: `io.k8s.api.${schemaGroup}.${version}.${given.kind}`,
    columns: DEFAULT_COLUMNS as readonly Column<T>[],
    ...given,
  })
}

/** Columns of a kind for another view of its objects: they show the same. */
export const viewColumns = (
  columns: readonly Column<any>[],
  toStored: (object: ApiObject) => ApiObject,
): readonly Column<any>[] =>
  columns.map(column => {
    const { value } = column
    return typeof value === 'string'
      ? column
      : { ...column, value: (object: ApiObject, now: Date) => value(toStored(object), now) }
  })
