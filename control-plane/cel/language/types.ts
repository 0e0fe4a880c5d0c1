/** What sort of type one is. */
export type Kind =
  | 'bool'
  | 'int'
  | 'uint'
  | 'double'
  | 'string'
  | 'bytes'
  | 'null'
  | 'timestamp'
  | 'duration'
  | 'dyn'
  | 'error'
  | 'list'
  | 'map'
  | 'struct'
  | 'opaque'
  | 'type'
  | 'param'

/** A type of the language. Types of one kind, name and parameters are alike; simple ones are one object each. */
export class Type {
  readonly kind: Kind
  /** The name as expressions and messages have it, without parameters. */
  readonly name: string
  readonly parameters: readonly Type[]

  constructor(kind: Kind, name: string = kind, parameters: readonly Type[] = []) {
    this.kind = kind
    this.name = name
    this.parameters = parameters
  }

  /** As messages show it: `map(string, list(int))`. */
  toString(): string {
    if (this.kind === 'error') return '!error!'
    return this.parameters.length > 0 ? `${this.name}(${this.parameters.join(', ')})` : this.name
  }
}

export const BOOL = new Type('bool')
export const INT = new Type('int')
export const UINT = new Type('uint')
export const DOUBLE = new Type('double')
export const STRING = new Type('string')
export const BYTES = new Type('bytes')
export const NULL = new Type('null')
export const TIMESTAMP = new Type('timestamp')
export const DURATION = new Type('duration')
export const DYN = new Type('dyn')
export const ERROR = new Type('error')
export const TYPE = new Type('type')

export const listOf = (item: Type): Type => new Type('list', 'list', [item])
export const mapOf = (key: Type, value: Type): Type => new Type('map', 'map', [key, value])
export const optionalOf = (value: Type): Type => new Type('opaque', 'optional_type', [value])
export const typeOf = (type: Type): Type => new Type('type', 'type', [type])
export const param = (name: string): Type => new Type('param', name)

/** Whether two types are the same in all their parts. */
export function isExactly(a: Type, b: Type): boolean {
  if (a === b) return true
  return (
    a.kind === b.kind &&
    a.name === b.name &&
    a.parameters.length === b.parameters.length &&
    a.parameters.every((parameter, i) => isExactly(parameter, b.parameters[i]!))
  )
}

export const isOptional = (type: Type): boolean => type.kind === 'opaque' && type.name === 'optional_type'

/** Names of types in signatures; the well-known types also by their long names. */
const NAMED: Record<string, Type> = {
  bool: BOOL,
  int: INT,
  uint: UINT,
  double: DOUBLE,
  string: STRING,
  bytes: BYTES,
  null_type: NULL,
  null: NULL,
  timestamp: TIMESTAMP,
  duration: DURATION,
  'google.protobuf.Timestamp': TIMESTAMP,
  'google.protobuf.Duration': DURATION,
  dyn: DYN,
  type: TYPE,
}

/** Types that hold other types, and what makes them. */
const GENERIC: Record<string, (parameters: Type[]) => Type> = {
  list: ([item = DYN]) => listOf(item),
  map: ([key = DYN, value = DYN]) => mapOf(key, value),
  type: ([type = DYN]) => typeOf(type),
  optional_type: ([value = DYN]) => optionalOf(value),
  optional: ([value = DYN]) => optionalOf(value),
}

/**
 * Reads a type as it is written in signatures: `map(string, list(A))`, where a single capital is a parameter and any name
 * not known otherwise is a type with fields.
 * @throws Error for text that is no type
 */
export function parseType(text: string): Type {
  const tokens = text.match(/[A-Za-z_][\w.@]*|[(),<>]/g) ?? []
  let at = 0
  const next = (): Type => {
    const name = tokens[at++]
    if (!name || !/^[A-Za-z_]/.test(name)) throw new Error(`'${text}' is no type`)
    const parameters: Type[] = []
    if (tokens[at] === '(' || tokens[at] === '<') {
      do {
        at++
        parameters.push(next())
      } while (tokens[at] === ',')
      at++
    }
    if (parameters.length > 0) return (GENERIC[name] ?? (all => new Type('opaque', name, all)))(parameters)
    if (/^[A-Z]$/.test(name)) return param(name)
    return NAMED[name] ?? (GENERIC[name] ? GENERIC[name]([]) : new Type('struct', name))
  }
  return next()
}
