/**
 * Writes `generated/schema.json`, `descriptions.json` and `columns.json` from the models of the installed
 * `@kubernetes/client-node` 1.4, which was made of Kubernetes v1.34's OpenAPI. Does nothing when they are up to date.
 */
import { createHash } from 'node:crypto'
import { globSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { builtinKinds } from '../api/kinds/builtin.ts'
import { buildColumns } from './schema/build-columns.ts'
import { buildDefinitions } from './schema/build-definitions.ts'
import { commentReader } from './schema/read-comments.ts'
import { modelReader } from './schema/read-models.ts'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const folder = join(root, 'generated')
const library = join(root, 'node_modules/kubernetes-client-1.34')

/** The library's version and a hash of all that shapes the output. */
function currentStamp(): string {
  const { version } = JSON.parse(readFileSync(join(library, 'package.json'), 'utf8'))
  const sources = [
    'scripts/generate-schema.ts',
    'scripts/schema/*.ts',
    'api/schema/tables/*.ts',
    // What is made of them is cached by clients as long as the stamp is the same.
    'api/schema/openapi/*.ts',
    'api/kinds/*.ts',
  ]
  const hash = createHash('sha256')
  for (const file of globSync(sources, { cwd: root }).sort()) hash.update(readFileSync(join(root, file)))
  return `${version}-${hash.digest('hex').slice(0, 16)}`
}

function writtenStamp(): string | undefined {
  try {
    const text = readFileSync(join(folder, 'schema.json'), 'utf8')
    return /^\{"stamp":"([^"]*)"/.exec(text)?.[1]
  } catch {
    return undefined
  }
}

/** Readers never see half a file. */
function writeJson(name: string, content: unknown): void {
  const temporary = join(folder, `.${name}.${process.pid}`)
  writeFileSync(temporary, JSON.stringify(content))
  renameSync(temporary, join(folder, name))
}

const stamp = currentStamp()
if (writtenStamp() === stamp) process.exit(0)
const { definitions, enums, descriptions } = buildDefinitions(
  builtinKinds,
  modelReader(join(library, 'dist/gen/models')),
  commentReader(join(root, 'node_modules')),
)
mkdirSync(folder, { recursive: true })
writeJson('descriptions.json', descriptions)
writeJson('columns.json', buildColumns(descriptions))
writeJson('schema.json', { stamp, definitions, enums })
console.log(`generated/schema.json: ${Object.keys(definitions).length} definitions`)
