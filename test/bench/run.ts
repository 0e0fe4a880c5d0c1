// `npm run bench -- NAME`: runs one bench; without a name, lists them.
import { readdir, readFile } from 'node:fs/promises'
import { availableParallelism, loadavg } from 'node:os'
import { join } from 'node:path'
import { printTable } from './table.ts'

const HERE = import.meta.dirname
/** What the benches share; every other file of the folder is a bench. */
const SHARED = new Set(['run', 'lab', 'table', 'pods'])

async function benchNames(): Promise<string[]> {
  const files = await readdir(HERE)
  const names = files.filter(file => file.endsWith('.ts')).map(file => file.slice(0, -'.ts'.length))
  return names.filter(name => !SHARED.has(name)).sort()
}

/** A bench says in the comment on its first line what it measures. */
async function describe(name: string): Promise<string> {
  const [firstLine = ''] = (await readFile(join(HERE, `${name}.ts`), 'utf8')).split('\n')
  return firstLine.startsWith('// ') ? firstLine.slice('// '.length) : ''
}

async function listBenches(names: string[]): Promise<void> {
  const rows = await Promise.all(names.map(async name => [name, await describe(name)]))
  printTable('Benches: npm run bench -- NAME', ['NAME', 'MEASURES'], rows)
}

/** A bench exports its work as default; one without does it when it is imported. */
async function runBench(name: string): Promise<void> {
  console.log(`${availableParallelism()} cores, load average before: ${loadavg()[0]!.toFixed(2)}`)
  const bench = await import(join(HERE, `${name}.ts`))
  await bench.default?.()
}

const names = await benchNames()
const wanted = process.argv[2]
if (wanted === undefined) {
  await listBenches(names)
} else if (names.includes(wanted)) {
  await runBench(wanted)
} else {
  console.error(`There is no bench ${JSON.stringify(wanted)}. There are: ${names.join(', ')}.`)
  process.exitCode = 1
}
