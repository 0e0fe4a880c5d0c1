/**
 * `npm test`: lint, types, import directions, then the tests against real parts, then the end-to-end tests on a lab of
 * their own. Goes on after a failed step and ends with a count, so that one run shows all that is wrong.
 */
import { spawn } from 'node:child_process'
import { join } from 'node:path'

const bin = join(import.meta.dirname, '..', 'node_modules', '.bin')
/** Packages' own `.bin` comes last: one of them ships an `nft` that is not nftables'. */
const PATH = `/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:${process.env.PATH}`
const env = { ...process.env, PATH, NODE_ENV: 'test', FORCE_COLOR: '0' }

interface Outcome {
  step: string
  passed: number
  failed: number
}

/** Runs one step, shows its output, and counts ava's tests in it; a step without tests counts as one. */
function runStep(step: string, command: string, args: string[]): Promise<Outcome> {
  console.log(`\n# ${step}`)
  const child = spawn(command, args, { env, stdio: ['ignore', 'pipe', 'inherit'] })
  let output = ''
  child.stdout.on('data', chunk => {
    process.stdout.write(chunk)
    output += chunk
  })
  return new Promise(done => {
    child.on('error', error => {
      console.error(error.message)
      done({ step, passed: 0, failed: 1 })
    })
    child.on('close', code => done({ step, ...count(output, code) }))
  })
}

function count(output: string, code: number | null): Omit<Outcome, 'step'> {
  const numberOf = (pattern: RegExp): number => Number(output.match(pattern)?.[1] ?? 0)
  const passed = numberOf(/(\d+) tests? passed/)
  const failed = numberOf(/(\d+) tests? failed/) + numberOf(/(\d+) uncaught exceptions?/)
  if (code === 0) return { passed: passed || 1, failed: 0 }
  return { passed, failed: failed || 1 }
}

const ava = (...args: string[]): [string, string[]] => [process.execPath, [join(bin, 'ava'), ...args]]

const STEPS: Record<string, [string, string[]]> = {
  lint: [join(bin, 'biome'), ['check', '.']],
  types: [join(bin, 'tsc'), ['-p', '.']],
  imports: [process.execPath, ['scripts/check-imports.ts']],
  parts: ava(),
  interop: ava('--config', 'test/interop/ava.config.js'),
  'end to end': ava('--config', 'test/e2e/ava.config.js'),
}

const wanted = process.argv.slice(2)
const outcomes: Outcome[] = []
for (const [step, [command, args]] of Object.entries(STEPS)) {
  if (wanted.length === 0 || wanted.includes(step)) outcomes.push(await runStep(step, command, args))
}

console.log()
for (const { step, passed, failed } of outcomes) console.log(`${step}: ${passed} passed, ${failed} failed`)
const total = (key: 'passed' | 'failed'): number => outcomes.reduce((sum, outcome) => sum + outcome[key], 0)
console.log(`\n${total('passed')} passed, ${total('failed')} failed`)
process.exit(total('failed') > 0 ? 1 : 0)
