import { spawn } from 'node:child_process'
import { promisify } from 'node:util'

/** Runs nft commands. Each `run` is one transaction: all of it holds afterwards, or nothing of it. */
export interface Nft {
  /** Resolves with what the commands print (as JSON for `list`); rejects with {@link NftError}. Calls wait for one another. */
  run(commands: string): Promise<string>
}

/** nft refused a transaction. */
export class NftError extends Error {
  readonly code = 'NFT_FAILED'
}

const PROGRAM = '/usr/sbin/nft'
const LIBRARY = 'libnftables.so.1'
const OUTPUT_JSON = 1 << 4
const DEADLINE = 30_000

/**
 * nft's own library in this process where it can be loaded (a change takes 4 ms), else the program (25 ms: most of it is
 * starting a process). Both give the same results.
 */
export async function openNft(): Promise<Nft> {
  try {
    return await openLibrary()
  } catch {
    return { run: runProgram }
  }
}

/** Calls run on a thread of the pool, so that a large transaction does not hold up the process. */
async function openLibrary(): Promise<Nft> {
  const { default: koffi } = await import('koffi')
  const library = koffi.load(LIBRARY)
  const create = library.func('void *nft_ctx_new(uint32_t flags)')
  const setFlags = library.func('void nft_ctx_output_set_flags(void *ctx, unsigned int flags)')
  const bufferOutput = library.func('int nft_ctx_buffer_output(void *ctx)')
  const bufferError = library.func('int nft_ctx_buffer_error(void *ctx)')
  const getOutput = library.func('const char *nft_ctx_get_output_buffer(void *ctx)')
  const getError = library.func('const char *nft_ctx_get_error_buffer(void *ctx)')
  const run = library.func('int nft_run_cmd_from_buffer(void *ctx, const char *commands)')
  const runAsync = promisify<unknown, string, number>(run.async)
  const context = create(0)
  setFlags(context, OUTPUT_JSON)
  bufferOutput(context)
  bufferError(context)
  const runOne = async (commands: string): Promise<string> => {
    const failed = await runAsync(context, commands)
    const output = getOutput(context) as string
    const error = getError(context) as string
    if (failed) throw nftError(error)
    return output
  }
  return { run: oneAtATime(runOne) }
}

/** A context has one buffer for its output: two calls at once would each get what both print, or nothing. */
function oneAtATime(run: (commands: string) => Promise<string>): (commands: string) => Promise<string> {
  let last: Promise<unknown> = Promise.resolve()
  return commands => {
    const answer = last.then(() => run(commands))
    last = answer.catch(() => {})
    return answer
  }
}

function runProgram(commands: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(PROGRAM, ['-j', '-f', '-'], { timeout: DEADLINE })
    let output = ''
    let error = ''
    child.stdout.setEncoding('utf8').on('data', text => {
      output += text
    })
    child.stderr.setEncoding('utf8').on('data', text => {
      error += text
    })
    child.on('error', cause => reject(new NftError(`cannot run ${PROGRAM}: ${cause.message}`, { cause })))
    child.on('close', code => {
      if (code === 0) resolve(output)
      else reject(nftError(error))
    })
    child.stdin.on('error', () => {})
    child.stdin.end(commands)
  })
}

/** nft repeats the commands below each complaint; the first complaint with its line is what helps. */
function nftError(text: string): NftError {
  const lines = text.trim().split('\n')
  return new NftError(`nft: ${lines.slice(0, 2).join(' | ') || 'failed without a message'}`)
}
