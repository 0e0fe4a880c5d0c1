import { parseJson } from '../../../api/meta/json.ts'
import type { WatchEvent } from '../../../api/meta/object.ts'
import type { WatchSink } from './watch.ts'

/** A watch's lines as events within this process. Ends when the signal aborts, after so many seconds, or when left. */
export function eventQueue(
  signal: AbortSignal | undefined,
  seconds: number | undefined,
): { sink: WatchSink; events: AsyncGenerator<WatchEvent> } {
  const gone = new AbortController()
  const signals = [gone.signal, ...(signal ? [signal] : [])]
  if (seconds) signals.push(AbortSignal.timeout(seconds * 1000))
  const ended = AbortSignal.any(signals)
  const lines: Buffer[] = []
  let wake = () => {}
  let isOver = false
  const push = (line: Buffer) => {
    lines.push(line)
    wake()
  }
  const sink: WatchSink = {
    signal: ended,
    send: async line => push(line),
    push,
    end() {
      isOver = true
      wake()
    },
  }
  async function* events(): AsyncGenerator<WatchEvent> {
    try {
      while (true) {
        for (let line = lines.shift(); line; line = lines.shift()) yield* parse(line)
        if (isOver) return
        await new Promise<void>(resolve => {
          wake = resolve
        })
      }
    } finally {
      gone.abort()
    }
  }
  return { sink, events: events() }
}

function* parse(lines: Buffer): Generator<WatchEvent> {
  for (const line of lines.toString().split('\n')) if (line) yield parseJson(line)
}
