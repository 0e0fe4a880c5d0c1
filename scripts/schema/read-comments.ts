import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

const FIELD = /\/\*\*((?:(?!\*\/)[\s\S])*)\*\/\n {4}(?:readonly )?"?([\w$]+)"?\??:/g
const INTERFACE = /export interface (\w+) \{\n([\s\S]*?)\n\}/g

/**
 * Reads field descriptions from the `kubernetes-types` package: it has them for fields that refer to another definition,
 * which the models leave out.
 * @returns the descriptions of a definition's fields, by the short name `core.v1.Container`
 */
export function commentReader(folder: string): (short: string) => ReadonlyMap<string, string> {
  const files = new Map<string, Map<string, Map<string, string>>>()
  return short => {
    const [group = '', version = '', name = ''] = short.split('.')
    const path = join(folder, group, `${version}.d.ts`)
    const file = files.get(path) ?? readInterfaces(path)
    files.set(path, file)
    return file.get(name) ?? new Map()
  }
}

function readInterfaces(path: string): Map<string, Map<string, string>> {
  if (!existsSync(path)) return new Map()
  const interfaces = new Map<string, Map<string, string>>()
  for (const [, name = '', body = ''] of readFileSync(path, 'utf8').matchAll(INTERFACE)) {
    const fields = [...body.matchAll(FIELD)].map(
      ([, text = '', field = '']) => [field, plainText(text)] as const,
    )
    interfaces.set(name, new Map(fields))
  }
  return interfaces
}

/** A comment without its stars: paragraphs stay apart, lines of one are joined. */
const plainText = (comment: string): string =>
  comment
    .replace(/\n *\*? */g, '\n')
    .replace(/([^\n])\n(?=[^\n])/g, '$1 ')
    .trim()
