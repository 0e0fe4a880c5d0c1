import { createHash } from 'node:crypto'
import { Command, type Redis } from 'ioredis'

/** Ends every part of a request, and stands between a part's length and its bytes (RESP). */
const END = '\r\n'

/** A Lua script, sent by its hash. Redis keeps scripts until it is restarted; then it is given the text again. */
export class Script {
  readonly #lua: string
  readonly #sha: string

  constructor(lua: string) {
    this.#lua = lua
    this.#sha = createHash('sha1').update(lua).digest('hex')
  }

  /** Runs the script. Texts in the reply are buffers. */
  async run(redis: Redis, keys: readonly string[], values: readonly (string | Buffer)[]): Promise<unknown> {
    const input = [String(keys.length), ...keys, ...values]
    try {
      return await send(redis, 'evalsha', [this.#sha, ...input])
    } catch (error) {
      if (!(error as Error).message.startsWith('NOSCRIPT')) throw error
      // Loads and runs in one step: between a LOAD and a second try, scripts could be lost again.
      return await send(redis, 'eval', [this.#lua, ...input])
    }
  }
}

const send = (redis: Redis, name: string, parts: readonly (string | Buffer)[]): Promise<unknown> =>
  redis.sendCommand(new ReadyCommand(name, requestOf([name, ...parts]))) as Promise<unknown>

/** A command whose bytes are made already: the client library would copy a document three times on its way out. */
class ReadyCommand extends Command {
  readonly #bytes: Buffer

  constructor(name: string, bytes: Buffer) {
    super(name, [], { replyEncoding: null })
    this.#bytes = bytes
  }

  override toWritable(): Buffer {
    return this.#bytes
  }
}

/** A request in RESP: the number of parts, then each with its length. Texts between two buffers are written at once. */
function requestOf(parts: readonly (string | Buffer)[]): Buffer {
  const pieces: (string | Buffer)[] = []
  let text = `*${parts.length}${END}`
  let size = 0
  for (const part of parts) {
    if (typeof part === 'string') text += `$${Buffer.byteLength(part)}${END}${part}${END}`
    else {
      text += `$${part.length}${END}`
      pieces.push(text, part)
      size += Buffer.byteLength(text) + part.length
      text = END
    }
  }
  pieces.push(text)
  return joined(pieces, size + Buffer.byteLength(text))
}

function joined(pieces: readonly (string | Buffer)[], size: number): Buffer {
  const bytes = Buffer.allocUnsafe(size)
  let at = 0
  for (const piece of pieces) at += typeof piece === 'string' ? bytes.write(piece, at) : piece.copy(bytes, at)
  return bytes
}
