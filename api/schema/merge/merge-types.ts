import type { Definition } from '../definition.ts'
import { BuiltinTypes } from './builtin-types.ts'
import { ATOMIC, type MapType } from './merge-type.ts'
import { type OpenApiSchema, openApiType } from './open-api-types.ts'

const METADATA = 'io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta'

/** The merge types of all kinds, by the name of their schema. */
export class MergeTypes {
  readonly #builtin: BuiltinTypes
  readonly #custom = new Map<string, MapType>()
  #free: MapType | undefined

  constructor(definitions: Readonly<Record<string, Definition>>) {
    this.#builtin = new BuiltinTypes(definitions)
  }

  /** The type of a kind's objects. One whose schema is not known is merged by what its objects look like. */
  get(name: string): MapType {
    const custom = this.#custom.get(name)
    if (custom) return custom
    const type = this.#builtin.get(name)
    if (type?.kind === 'map') return type
    this.#free ??= this.#fromSchema(undefined)
    return this.#free
  }

  /** Takes the schema of a custom resource; one that was there under the name is replaced. */
  set(name: string, schema: OpenApiSchema | undefined): void {
    this.#custom.set(name, this.#fromSchema(schema))
  }

  /** Forgets the schema of a custom resource. */
  delete(name: string): void {
    this.#custom.delete(name)
  }

  #fromSchema(schema: OpenApiSchema | undefined): MapType {
    return openApiType(schema, this.#builtin.get(METADATA) ?? ATOMIC)
  }
}
