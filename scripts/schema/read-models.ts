import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** One model of the client library: a class generated from Kubernetes' OpenAPI. */
export interface Model {
  name: string
  description: string
  properties: ModelProperty[]
}

export interface ModelProperty {
  name: string
  /** TypeScript type: `string`, `Array<V1Container>`, `{ [key: string]: string; }` … */
  type: string
  /** OpenAPI format, '' where it has none. */
  format: string
  isRequired: boolean
  description: string
}

/** Reads models on demand from the folder `dist/gen/models`; undefined for what is not there. */
export function modelReader(folder: string): (name: string) => Model | undefined {
  const present = new Set(readdirSync(folder))
  return name => {
    if (!present.has(`${name}.js`)) return undefined
    const code = readFileSync(join(folder, `${name}.js`), 'utf8')
    const types = readFileSync(join(folder, `${name}.d.ts`), 'utf8')
    return { name, ...readClass(types, name), properties: readProperties(code, types, name) }
  }
}

interface Attribute {
  baseName: string
  name: string
  type: string
  format: string
}

function readProperties(code: string, types: string, model: string): ModelProperty[] {
  const start = code.indexOf('[', code.indexOf(`${model}.attributeTypeMap = `))
  const attributes: Attribute[] = JSON.parse(code.slice(start, code.indexOf('\n];', start) + 2))
  const declared = readDeclarations(types)
  return attributes.map(({ name, baseName, type, format }) => {
    const declaration = declared.get(name)
    if (!declaration) throw new Error(`${model}.${name} has no declaration`)
    return { name: baseName, type, format, ...declaration }
  })
}

const DECLARATION = /(?:\/\*\*\n {4}\* (.*)\n {4}\*\/\n)? {4}'([^']+)'(\?)?: /g

function readDeclarations(types: string): Map<string, { isRequired: boolean; description: string }> {
  const found = new Map<string, { isRequired: boolean; description: string }>()
  for (const [, comment = '', name = '', optional] of types.matchAll(DECLARATION))
    found.set(name, { isRequired: optional === undefined, description: plainText(comment) })
  return found
}

function readClass(types: string, model: string): { description: string } {
  const comment =
    new RegExp(`\\/\\*\\*\\n\\* (.*)\\n\\*\\/\\nexport declare class ${model} `).exec(types)?.[1] ?? ''
  return { description: plainText(comment) }
}

/** Takes the escapes out that the library's generator put in for comments. */
const plainText = (comment: string): string =>
  comment.replaceAll("\\'", "'").replaceAll('\\"', '"').replaceAll('*_/', '*/').replaceAll('/_*', '/*').trim()
