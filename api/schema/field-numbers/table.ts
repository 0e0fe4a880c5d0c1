/**
 * The protobuf field numbers of the API's types: package → type → its fields in the order of their numbers, the first
 * word having number 1. What else there is to know (the fields' types) is in the schemas.
 *
 * - `-` is a number that is not used.
 * - `name?`: the zero value of this scalar has a meaning (a pointer in Go, or never left out of the JSON). The other
 *   scalars are always on the wire, and left out of the JSON when they are empty.
 * - `*Type`: the message is embedded: its fields belong to the object itself.
 * - `name=Union`: what may be of several sorts in JSON has a message of its own: a schema or a list of them, a boolean or a schema …
 */
export type FieldNumbers = Record<string, Record<string, string>>
