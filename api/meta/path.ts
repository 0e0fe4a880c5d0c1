/**
 * The subset of kubectl's JSONPath that columns and scale paths use: `.a.b`, `['a']`, `[0]`, `[-1]`, `[*]`, `.*`, and the
 * filters `[?(@.a=="b")]`, `[?(@.a!="b")]` and `[?(@.a)]`.
 */

type Step = (values: unknown[]) => unknown[]

/** The values a path finds, none where it leads nowhere. */
export type PathReader = (object: unknown) => unknown[]

/** Thrown for a path outside the subset. */
export class PathError extends Error {
  readonly code = 'ERR_JSON_PATH'
}

const TOKEN =
  /\.?\[\?\(@((?:\.[\w-]+)+)\s*(?:(==|!=)\s*("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|[\w.+-]+)\s*)?\)\]|\.?\[(-?\d+)\]|\.?\[\*\]|\.\*|\.?\[(?:'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)")\]|\.((?:[^.[\]\\]|\\.)+)/y

/**
 * Compiles a path once, to be read many times.
 * @throws PathError
 */
export function compilePath(path: string): PathReader {
  const text = path.replace(/^\{(.*)\}$/s, '$1').replace(/^\$/, '')
  const source = text.startsWith('.') || text.startsWith('[') ? text : `.${text}`
  const steps: Step[] = []
  TOKEN.lastIndex = 0
  while (TOKEN.lastIndex < source.length && source !== '.') {
    const match = TOKEN.exec(source)
    if (!match) throw new PathError(`unsupported JSONPath: ${path}`)
    steps.push(compileStep(match))
  }
  return object => steps.reduce((values, step) => step(values), [object])
}

function compileStep(match: RegExpExecArray): Step {
  const [, filter, operator, literal, index, single, double, name] = match
  if (filter !== undefined) return compileFilter(filter.slice(1).split('.'), operator, literal)
  if (index !== undefined) return values => values.flatMap(value => defined(elementAt(value, Number(index))))
  const key = name ?? single ?? double
  if (key === undefined) return values => values.flatMap(children)
  const member = key.replace(/\\(.)/g, '$1')
  return values => values.flatMap(value => defined(memberOf(value, member)))
}

const defined = (value: unknown): unknown[] => (value === undefined ? [] : [value])

const memberOf = (value: unknown, key: string): unknown =>
  typeof value === 'object' && value !== null && Object.hasOwn(value, key)
    ? (value as Record<string, unknown>)[key]
    : undefined

const elementAt = (value: unknown, index: number): unknown =>
  Array.isArray(value) ? value.at(index) : undefined

const children = (value: unknown): unknown[] =>
  typeof value === 'object' && value !== null ? Object.values(value) : []

function compileFilter(keys: string[], operator: string | undefined, literal: string | undefined): Step {
  const read = (value: unknown): unknown => keys.reduce(memberOf as (v: unknown, k: string) => unknown, value)
  const wanted = literal === undefined ? undefined : literalText(literal)
  const passes = (value: unknown): boolean => {
    const found = read(value)
    if (operator === undefined || found === undefined) return operator === undefined && found !== undefined
    return (String(found) === wanted) === (operator === '==')
  }
  return values => values.flatMap(value => children(value).filter(passes))
}

const literalText = (literal: string): string =>
  /^['"]/.test(literal) ? literal.slice(1, -1).replace(/\\(.)/g, '$1') : literal

/** The first value at a path, undefined where there is none. */
export function compileGetter(path: string): (object: unknown) => unknown {
  const read = compilePath(path)
  return object => read(object)[0]
}

const getters = new Map<string, (object: unknown) => unknown>()
const MOST_REMEMBERED = 1_000

/** The first value at a path; paths are compiled once. @throws PathError */
export function readPath(object: unknown, path: string): unknown {
  let getter = getters.get(path)
  if (!getter) {
    if (getters.size >= MOST_REMEMBERED) getters.clear()
    getter = compileGetter(path)
    getters.set(path, getter)
  }
  return getter(object)
}
