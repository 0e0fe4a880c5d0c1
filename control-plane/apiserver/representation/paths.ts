const compiled = new Map<string, (string | number)[]>()

/**
 * The value at a path such as `.spec.ports[0].name` or `.metadata.labels['a.b/c']`: the part of JSONPath that column
 * declarations use. Undefined where the path leads nowhere; an array of values where it contains `[*]`.
 */
export function readPath(object: unknown, path: string): unknown {
  let segments = compiled.get(path)
  if (!segments) {
    segments = compile(path)
    compiled.set(path, segments)
  }
  return read(object, segments, 0)
}

function read(value: any, segments: (string | number)[], at: number): unknown {
  for (let i = at; i < segments.length; i++) {
    if (value === null || value === undefined) return undefined
    const segment = segments[i]!
    if (segment === '*') {
      const members = Array.isArray(value) ? value : Object.values(value)
      return members.map(member => read(member, segments, i + 1)).filter(found => found !== undefined)
    }
    value = value[segment]
  }
  return value
}

const SEGMENT = /\.((?:\\.|[^.[\\])+)|\[(\d+)\]|\[(\*)\]|\['([^']*)'\]/g

function compile(path: string): (string | number)[] {
  return [...path.matchAll(SEGMENT)].map(([, name, index, star, quoted]) => {
    if (index !== undefined) return Number(index)
    return name?.replace(/\\(.)/g, '$1') ?? star ?? quoted ?? ''
  })
}
