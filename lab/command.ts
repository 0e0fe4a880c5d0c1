import { spawn } from 'node:child_process'

/** A command that ended with an error: what was run and what it said. */
export class CommandError extends Error {
  readonly code = 'COMMAND_FAILED'
}

interface RunOptions {
  input?: string
  /** Milliseconds after which it is killed. */
  timeout?: number
}

/**
 * Runs a program to its end and returns its standard output.
 * @throws CommandError with the command line and its last words when it exits non-zero, cannot start, or takes too long.
 */
export function run(
  command: string,
  args: string[],
  { input, timeout = 60_000 }: RunOptions = {},
): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'pipe'], timeout, killSignal: 'SIGKILL' })
    const output: Buffer[] = []
    const errors: Buffer[] = []
    child.stdout.on('data', chunk => output.push(chunk))
    child.stderr.on('data', chunk => errors.push(chunk))
    child.stdin.on('error', () => {})
    child.stdin.end(input ?? '')
    const fail = (why: string): void => reject(new CommandError(`${[command, ...args].join(' ')}: ${why}`))
    child.on('error', error => fail(error.message))
    child.on('close', (code, signal) => {
      if (code === 0) resolve(Buffer.concat(output).toString())
      else
        fail(
          Buffer.concat(errors).toString().trim() || (signal ? `killed by ${signal}` : `exit code ${code}`),
        )
    })
  })
}

/** Like {@link run}, for what may fail because there is nothing left to do. */
export async function attempt(command: string, args: string[]): Promise<boolean> {
  return run(command, args).then(
    () => true,
    () => false,
  )
}
