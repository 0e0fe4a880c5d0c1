import protobuf from 'protobufjs/light.js'
import { ENUMS, MESSAGES } from './messages.ts'

/** Turns one message type into bytes and back. */
export interface Codec {
  encode(message: object): Buffer
  decode(bytes: Buffer): any
}

const root = buildRoot()

/** Plain objects: enums by name, 64-bit numbers as numbers, absent fields as their defaults. */
const PLAIN = { longs: Number, enums: String, defaults: true, arrays: true, objects: true }

const codecs = new Map<string, Codec>()

/** The codec of a message by its name in {@link MESSAGES}. Made on first use, then kept. */
export function codec(name: string): Codec {
  const known = codecs.get(name) ?? createCodec(name)
  codecs.set(name, known)
  return known
}

function createCodec(name: string): Codec {
  const type = root.lookupType(name)
  return {
    encode: message => Buffer.from(type.encode(type.fromObject(message)).finish()),
    decode: bytes => type.toObject(type.decode(bytes), PLAIN),
  }
}

function buildRoot(): protobuf.Root {
  const enums = Object.entries(ENUMS).map(([name, values]) => {
    const numbered = values.split(' ').map((value, number) => [value, number])
    return [name, { values: Object.fromEntries(numbered) }]
  })
  const messages = Object.entries(MESSAGES).map(([name, fields]) => [name, { fields: parseFields(fields) }])
  return protobuf.Root.fromJSON({ nested: Object.fromEntries([...enums, ...messages]) })
}

function parseFields(text: string): Record<string, protobuf.IField | protobuf.IMapField> {
  const fields = text
    .split(' ')
    .filter(Boolean)
    .map(field => {
      const [name = '', number = '', type = ''] = field.split(':')
      return [name, parseType(Number(number), type)]
    })
  return Object.fromEntries(fields)
}

function parseType(id: number, type: string): protobuf.IField | protobuf.IMapField {
  if (type.startsWith('*')) return { id, type: type.slice(1), rule: 'repeated' }
  if (type.startsWith('{')) return { id, type: type.slice(1, -1), keyType: 'string' }
  return { id, type }
}
