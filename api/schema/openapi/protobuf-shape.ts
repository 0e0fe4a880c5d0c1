import protobuf from 'protobufjs/minimal.js'

type Writer = protobuf.Writer

/** Writes one member of a message; called only where the JSON has it. */
export type Member = (writer: Writer, value: any) => void

/** A message: how each member of the JSON object is written. Members not named are left out. */
export type Shape = Record<string, Member>

const LENGTH_DELIMITED = 2
const tag = (field: number, wireType: number): number => (field << 3) | wireType

export const text =
  (field: number): Member =>
  (writer, value: string) =>
    writer.uint32(tag(field, LENGTH_DELIMITED)).string(value)

export const texts =
  (field: number): Member =>
  (writer, values: string | string[]) => {
    for (const value of [values].flat()) text(field)(writer, value)
  }

export const flag =
  (field: number): Member =>
  (writer, value: boolean) =>
    writer.uint32(tag(field, 0)).bool(value)

export const integer =
  (field: number): Member =>
  (writer, value: number) =>
    writer.uint32(tag(field, 0)).int64(value)

export const double =
  (field: number): Member =>
  (writer, value: number) =>
    writer.uint32(tag(field, 1)).double(value)

/** A message in a field. The shape is given by a function, since messages contain each other. */
export const message =
  (field: number, shape: () => Shape): Member =>
  (writer, value: object) => {
    writer.uint32(tag(field, LENGTH_DELIMITED)).fork()
    writeMembers(writer, shape(), value)
    writer.ldelim()
  }

export const messages =
  (field: number, shape: (value: any) => Shape): Member =>
  (writer, values: object[]) => {
    for (const value of values) message(field, () => shape(value))(writer, value)
  }

/** A value inside messages that hold nothing else: `within([1, 2], text(3))`. */
export const within =
  (fields: number[], member: Member): Member =>
  (writer, value) => {
    for (const field of fields) writer.uint32(tag(field, LENGTH_DELIMITED)).fork()
    member(writer, value)
    for (const _ of fields) writer.ldelim()
  }

/** A map as gnostic has it: a list of messages of name (1) and value. */
export const named =
  (field: number, value: Member): Member =>
  (writer, entries: Record<string, unknown>) => {
    for (const [name, content] of Object.entries(entries)) {
      writer.uint32(tag(field, LENGTH_DELIMITED)).fork()
      text(1)(writer, name)
      value(writer, content)
      writer.ldelim()
    }
  }

/** A map of messages in a message of its own, whose field `entries` has names and values. */
export const mapped = (field: number, entries: number, value: () => Shape): Member =>
  within([field], named(entries, message(2, value)))

/** The same where a value is one of several messages: the first of them. */
export const mappedFirst = (field: number, entries: number, value: () => Shape): Member => {
  const first = message(1, value)
  return within([field], named(entries, within([2], first)))
}

/** An Any: YAML in text, of which JSON is a part. */
const any =
  (field: number): Member =>
  (writer, value: unknown) => {
    writer.uint32(tag(field, LENGTH_DELIMITED)).fork()
    text(2)(writer, JSON.stringify(value))
    writer.ldelim()
  }

export const anys =
  (field: number): Member =>
  (writer, values: unknown[]) => {
    for (const value of values) any(field)(writer, value)
  }

/** Key of a shape under which all `x-…` members are written. */
export const EXTENSIONS = 'x-*'

/** Vendor extensions: a list of NamedAny. */
export const extensions = (field: number): Member => named(field, any(2))

function writeMembers(writer: Writer, shape: Shape, value: object): void {
  const vendor: Record<string, unknown> = {}
  for (const [key, member] of Object.entries(value)) {
    if (key.startsWith('x-')) vendor[key] = member
    else if (member !== undefined) shape[key]?.(writer, member)
  }
  shape[EXTENSIONS]?.(writer, vendor)
}

/** Encodes a whole message. */
export function encode(shape: Shape, value: object): Uint8Array {
  const writer = protobuf.Writer.create()
  writeMembers(writer, shape, value)
  return writer.finish()
}
