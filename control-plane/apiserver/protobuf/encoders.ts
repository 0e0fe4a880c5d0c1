import type { SchemaSet } from '../../../api/schema/schemas.ts'
import type { Encoder } from './encode.ts'

const encoders = new WeakMap<SchemaSet, Promise<Encoder>>()

/** The encoder for a set of schemas. Its code and tables are loaded when the first client asks for protobuf. */
export function encoderOf(schemas: SchemaSet): Promise<Encoder> {
  let encoder = encoders.get(schemas)
  if (!encoder) {
    encoder = import('./encode.ts').then(({ Encoder }) => new Encoder(schemas))
    encoders.set(schemas, encoder)
  }
  return encoder
}
