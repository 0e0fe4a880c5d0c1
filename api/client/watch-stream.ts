import type { Readable } from 'node:stream'
import type { ApiObject, WatchEvent } from '../meta/object.ts'
import { type Status, StatusError } from '../meta/status.ts'
import { ConnectionError } from './errors.ts'

const NEWLINE = 10

/**
 * Reads watch events, one JSON document a line, from a stream. Ends when the stream ends; an ERROR event and a broken
 * connection throw.
 */
export async function* readWatchEvents<T extends ApiObject>(
  stream: Readable,
  parse: (line: Buffer) => WatchEvent<any> = parseWhole,
): AsyncGenerator<WatchEvent<T>> {
  try {
    for await (const line of readLines(stream)) {
      const event: WatchEvent<T> = parse(line)
      if (event.type === 'ERROR') throw new StatusError(event.object as unknown as Status)
      yield event
    }
  } finally {
    stream.destroy()
  }
}

const parseWhole = (line: Buffer): WatchEvent<any> => JSON.parse(line.toString())

/** Lines of a byte stream; a last line without its end is dropped, for it may be cut. */
async function* readLines(stream: Readable): AsyncGenerator<Buffer> {
  let parts: Buffer[] = []
  for await (const chunk of chunks(stream)) {
    let from = 0
    for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, from)) {
      const last = chunk.subarray(from, end)
      yield parts.length === 0 ? last : Buffer.concat([...parts, last])
      parts = []
      from = end + 1
    }
    if (from < chunk.length) parts.push(chunk.subarray(from))
  }
}

async function* chunks(stream: Readable): AsyncGenerator<Buffer> {
  try {
    yield* stream
  } catch (cause) {
    throw new ConnectionError('CONNECTION', `watch broke off: ${(cause as Error).message}`, { cause })
  }
}
