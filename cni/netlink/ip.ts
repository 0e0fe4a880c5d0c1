import { spawn } from 'node:child_process'

/**
 * The one door to the kernel's links, addresses, routes and neighbours: batches of iproute2 commands. One process does a
 * whole batch; inside another network namespace it is started there by nsenter, so that we never change our own.
 */

/** A batch that failed: what was refused and why, in the kernel's words. */
export class LinkError extends Error {
  readonly code = 'LINK'
}

const IP = '/usr/sbin/ip'
const NFT = '/usr/sbin/nft'
const DEADLINE = 10_000

/** Runs commands (`link set eth0 up`) one after the other; the first that fails ends the batch. */
export async function ip(commands: string[], netns?: string): Promise<void> {
  if (commands.length === 0) return
  const [program, args] = netns
    ? ['/usr/bin/nsenter', [`--net=${netns}`, IP, '-batch', '-']]
    : [IP, ['-batch', '-']]
  await execute(program, args, `${commands.join('\n')}\n`)
}

/** Like {@link ip}, but every command is tried and what fails is left: for taking away what may be gone. */
export async function ipForce(commands: string[]): Promise<void> {
  if (commands.length > 0)
    await execute(IP, ['-force', '-batch', '-'], `${commands.join('\n')}\n`).catch(() => {})
}

/** The JSON answer of a query (`route show dev eth0`); [] when what is asked for is not there. */
export async function ipQuery<T>(args: string[], netns?: string): Promise<T[]> {
  const [program, rest] = netns ? ['/usr/bin/nsenter', [`--net=${netns}`, IP]] : [IP, []]
  const text = await execute(program, [...rest, '-j', '-d', ...args]).catch(() => '[]')
  return text.trim() === '' ? [] : JSON.parse(text).filter((entry: object) => Object.keys(entry).length > 0)
}

/** Applies an nftables script as one transaction. */
export async function nft(script: string): Promise<void> {
  await execute(NFT, ['-f', '-'], script)
}

/** nftables' JSON answer to a listing. */
export async function nftQuery(args: string[]): Promise<any[]> {
  const text = await execute(NFT, ['-j', '-a', ...args]).catch(() => '{"nftables":[]}')
  return JSON.parse(text).nftables
}

export function execute(program: string, args: string[], input = ''): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      stdio: ['pipe', 'pipe', 'pipe'],
      timeout: DEADLINE,
      killSignal: 'SIGKILL',
    })
    let output = ''
    let errors = ''
    child.stdout.on('data', chunk => {
      output += chunk
    })
    child.stderr.on('data', chunk => {
      errors += chunk
    })
    child.stdin.on('error', () => {})
    child.on('error', cause => reject(new LinkError(`${program}: ${cause.message}`, { cause })))
    child.on('close', code => {
      if (code === 0) resolve(output)
      else reject(new LinkError(errors.trim() || `${program} ${args.join(' ')} ended with code ${code}`))
    })
    child.stdin.end(input)
  })
}
