import { spawn } from 'node:child_process'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import test from 'ava'
import { build } from 'esbuild'

const file = (path: string): string => fileURLToPath(new URL(`../../../${path}`, import.meta.url))
/** Kernels of test machines may have no IPVS; a user-mode Linux of Debian's (package user-mode-linux) has. */
const MACHINE = '/usr/bin/linux.uml'
/** Long, for machines that are busy: a minute when they are not. */
const SECONDS = 1_200
const BOOT = 20

/** Plain JavaScript starts in a fraction of the time there; below the checkout, where packages are found. */
const out = file(`dist/ipvs-test-${process.pid}`)

test.before(async () => {
  const sources = ['plugins/kit/run.ts', 'plugins/kit/machine-program.ts', 'node/proxy/ipvs/plugin.ts']
  await build({
    entryPoints: [...sources, 'test/fixtures/ipvs-check.ts'].map(file),
    outdir: out,
    entryNames: '[name]',
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node24',
    outExtension: { '.js': '.mjs' },
    external: ['netlink', 'koffi'],
    banner: {
      js: "import { createRequire as requireFrom } from 'node:module'; const require = requireFrom(import.meta.url);",
    },
  })
})

test.after.always(() => rm(out, { recursive: true, force: true }))

/** Boots a machine that runs a program, and gives what it printed. */
async function runInMachine(program: string, ...args: string[]): Promise<string> {
  const init = `init=${file('test/fixtures/ipvs-machine.sh')}`
  const machine = ['mem=768M', 'rootfstype=hostfs', 'rootflags=/', 'rw', init]
  const console_ = ['con=null', 'con0=null,fd:1', `umid=skiff-test-${process.pid}`]
  const command = [`node=${process.execPath}`, `program=${join(out, program)}`, `args=${args.join(',')}`]
  const child = spawn(MACHINE, [...machine, ...console_, ...command, `seconds=${SECONDS}`], {
    stdio: ['ignore', 'pipe', 'ignore'],
    timeout: (SECONDS + BOOT) * 1000,
  })
  let output = ''
  child.stdout.setEncoding('utf8').on('data', text => {
    output += text
  })
  await new Promise(resolve => child.once('close', resolve))
  return output.replaceAll('\r', '')
}

test.serial('IPVS keeps the proxy contract', async t => {
  t.timeout((SECONDS + 2 * BOOT) * 1000)
  const output = await runInMachine('run.mjs', 'proxy', join(out, 'plugin.mjs'))
  t.regex(output, /^# 1[7-9] passed, 0 failed$/m, output.slice(-3_000))
})

test.serial(
  'connections of an endpoint that is gone go on, and a cleared table is noticed and mended',
  async t => {
    t.timeout((SECONDS + 2 * BOOT) * 1000)
    const output = await runInMachine('ipvs-check.mjs')
    const lines = [...output.matchAll(/^seen (\S+) (.*?)$/gm)]
    const seen = Object.fromEntries(lines.map(([, name, value]) => [name!, JSON.parse(value!)]))
    const expected = {
      first: 'pod1',
      new: ['pod2', 'pod2'],
      old: 'pod1 again',
      weights: ['0', '1'],
      intact: true,
      cleared: false,
      mended: 'pod1',
    }
    t.deepEqual(seen, expected, output.slice(-3_000))
  },
)
