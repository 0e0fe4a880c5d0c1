import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { Command } from './command.ts'
import { splitWords } from './command.ts'

const CLIENTS = join(import.meta.dirname, '../../node_modules/.cache/clients')
const DEADLINE = 300_000
/** Settings of Go: a process that ends at once need not collect garbage. */
const SHORT_LIVED = { GOGC: 'off', GOMEMLIMIT: '300MiB' }
/** More at once would only wait for a core. */
const MOST_AT_ONCE = 3

/** Path of a client that the set-up fetched. Throws when it is not there. */
export function clientPath(name: string): string {
  const path = join(CLIENTS, name)
  if (existsSync(path)) return path
  throw new Error(`${path} is not there: run "node scripts/setup.mjs --test", which fetches it`)
}

export interface Outcome {
  code: number | null
  output: string
}

let running = 0
const waiting: (() => void)[] = []

/** Runs a program once there is room for it. */
export async function runClient(
  program: string,
  args: string[],
  env: Record<string, string>,
  input = '',
): Promise<Outcome> {
  if (running >= MOST_AT_ONCE) await new Promise<void>(resolve => waiting.push(resolve))
  running++
  try {
    return await runNow(program, args, env, input)
  } finally {
    running--
    waiting.shift()?.()
  }
}

function runNow(
  program: string,
  args: string[],
  env: Record<string, string>,
  input: string,
): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      env: { ...SHORT_LIVED, PATH: process.env.PATH!, ...env },
      timeout: DEADLINE,
    })
    let output = ''
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', text => (output += text))
    child.on('error', reject)
    child.on('close', code => resolve({ code, output }))
    child.stdin.on('error', () => {})
    child.stdin.end(input)
  })
}

/** What is wrong with how a command ended; undefined when it did what it is for. */
export function faultOf({ run, expect, fails }: Command, { code, output }: Outcome): string | undefined {
  const said = `it said:\n${output.slice(0, 2_000)}`
  if ((code !== 0) !== (fails === true)) return `\`${run}\` ended with ${code}; ${said}`
  return expect.test(output) ? undefined : `\`${run}\` was to show ${expect}; ${said}`
}

/** The words of a command with the names of a run in place. */
export function wordsOf({ run }: Command, names: Record<string, string>): string[] {
  return splitWords(fillIn(run, names))
}

export const fillIn = (text: string, names: Record<string, string>): string =>
  text.replace(/\b(NS|ID|CHART)\b/g, name => names[name] ?? name)
