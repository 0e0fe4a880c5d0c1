/** Makes the CNI executables in dist/cni/bin: the native entry under each plugin's name, and the Node program behind it. */
import { execFileSync } from 'node:child_process'
import { existsSync, linkSync, mkdirSync, readdirSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { build } from 'esbuild'

const root = join(import.meta.dirname, '..')
const out = join(root, 'dist', 'cni')
const names = ['skiff-bridge', 'skiff-host-local', 'skiff-portmap', 'loopback']
const program = join(out, 'skiff-cni.mjs')

/** The newest change of any source of the executables. */
function newestSource(): number {
  const files = readdirSync(join(root, 'cni'), { recursive: true, withFileTypes: true }).filter(entry =>
    entry.isFile(),
  )
  const sources = files.map(({ parentPath, name }) => join(parentPath, name))
  return Math.max(...[...sources, import.meta.filename].map(file => statSync(file).mtimeMs))
}

const last = join(out, 'bin', names.at(-1)!)
if (!existsSync(last) || statSync(last).mtimeMs < newestSource()) {
  rmSync(out, { recursive: true, force: true })
  mkdirSync(join(out, 'bin'), { recursive: true })
  await build({
    entryPoints: [join(root, 'cni', 'main.ts')],
    outfile: program,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node24',
    // Native code is found beside this checkout's other packages.
    external: ['netlink', 'koffi'],
    banner: {
      js: "import { createRequire as requireOf } from 'node:module'; const require = requireOf(import.meta.url);",
    },
  })
  const defines = [`-DFALLBACK_NODE="${process.execPath}"`, `-DFALLBACK_PROGRAM="${program}"`]
  const entry = join(out, 'entry')
  execFileSync('gcc', [
    '-Os',
    '-static',
    '-s',
    '-Wall',
    ...defines,
    '-o',
    entry,
    join(root, 'cni', 'entry', 'entry.c'),
  ])
  for (const name of names) linkSync(entry, join(out, 'bin', name))
}
