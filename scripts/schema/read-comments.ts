import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** Texts of a definition's fields, by the short name `core.v1.Container`. */
type Reader = (short: string) => ReadonlyMap<string, string>

/** Groups whose texts were worded anew after v1.34: what an older release said of them is nearer. */
const WORDED_ANEW = new Set(['admissionregistration', 'authentication', 'authorization'])

/**
 * Reads descriptions of fields that refer to another definition, which the client's models leave out. No package has those
 * of v1.34: `kubernetes-models` is of a later release, `kubernetes-types` of v1.30.
 * @param modules the folder `node_modules`
 */
export function commentReader(modules: string): Reader {
  const later = laterReader(modules)
  const earlier = earlierReader(modules)
  return short => {
    const isAnew = WORDED_ANEW.has(short.split('.')[0]!)
    return new Map(isAnew ? [...later(short), ...earlier(short)] : [...earlier(short), ...later(short)])
  }
}

function laterReader(modules: string): Reader {
  const models = join(modules, 'kubernetes-models')
  // Folders have the whole names of groups; the core group's versions stand beside them.
  const folders = new Map(readdirSync(models).map(name => [name.split('.')[0]!, join(models, name)]))
  folders.set('core', models)
  folders.set('meta', join(modules, '@kubernetes-models/apimachinery/apis/meta'))
  return short => {
    const [group = '', version = '', name = ''] = short.split('.')
    return (
      readInterfaces(join(folders.get(group) ?? models, version, `${name}.d.ts`)).get(`I${name}`) ?? new Map()
    )
  }
}

function earlierReader(modules: string): Reader {
  const files = new Map<string, ReadonlyMap<string, ReadonlyMap<string, string>>>()
  return short => {
    const [group = '', version = '', name = ''] = short.split('.')
    const path = join(modules, 'kubernetes-types', group, `${version}.d.ts`)
    const file = files.get(path) ?? readInterfaces(path)
    files.set(path, file)
    return file.get(name) ?? new Map()
  }
}

const FIELD = /\/\*\*((?:(?!\*\/)[\s\S])*)\*\/\n {4}(?:readonly )?"?([\w$]+)"?\??:/g
const INTERFACE = /export interface (\w+)(?: extends \w+)? \{\n([\s\S]*?)\n\}/g

function readInterfaces(path: string): ReadonlyMap<string, ReadonlyMap<string, string>> {
  if (!existsSync(path)) return new Map()
  const interfaces = new Map<string, ReadonlyMap<string, string>>()
  for (const [, name = '', body = ''] of readFileSync(path, 'utf8').matchAll(INTERFACE)) {
    const fields = [...body.matchAll(FIELD)].map(
      ([, text = '', field = '']) => [field, plainText(text)] as const,
    )
    interfaces.set(name, new Map(fields))
  }
  return interfaces
}

/** A comment without its stars and escapes: paragraphs stay apart, lines of one are joined. */
const plainText = (comment: string): string =>
  comment
    .replace(/\n *\*? */g, '\n')
    .replace(/([^\n])\n(?=[^\n])/g, '$1 ')
    .replace(/\\([*/])/g, '$1')
    .trim()
