import { EventEmitter } from 'node:events'
import type { Duplex } from 'node:stream'
import {
  dataFrame,
  type Frame,
  goAwayFrame,
  pingFrame,
  readFrames,
  rstStreamFrame,
  synReplyFrame,
  synStreamFrame,
} from './frames.ts'
import { createHeaderCodec, type HeaderCodec, type Headers } from './header-blocks.ts'
import { SpdyStream } from './stream.ts'

interface SessionEvents {
  /** The peer has opened a stream (servers only get these). */
  stream: [stream: SpdyStream]
  /** The connection is gone; every stream has ended. */
  close: []
}

/**
 * One end of a SPDY/3.1 connection as Kubernetes uses it for exec, attach and port-forward: many streams with headers
 * over one connection. Flow control is TCP's: the peers there are (moby/spdystream) neither send windows nor hold to
 * them, so a stream that is not read holds up its whole connection.
 */
export class SpdySession extends EventEmitter<SessionEvents> {
  readonly #socket: Duplex
  readonly #isClient: boolean
  readonly #headers: HeaderCodec = createHeaderCodec()
  readonly #streams = new Map<number, SpdyStream>()
  #nextStream: number
  #writing: Promise<unknown> = Promise.resolve()

  /** Takes over a connection that has been upgraded; `head` is what was read of it already. */
  constructor(socket: Duplex, role: 'client' | 'server', head: Buffer = Buffer.alloc(0)) {
    super()
    this.#socket = socket
    this.#isClient = role === 'client'
    this.#nextStream = this.#isClient ? 1 : 2
    if (head.length > 0) socket.unshift(head)
    socket.on('error', () => socket.destroy())
    void this.#read()
  }

  /** Opens a stream with these headers (Kubernetes: `streamType`, `port`, `requestID`); does not wait for the reply. */
  async openStream(headers: Headers): Promise<SpdyStream> {
    const id = this.#nextStream
    this.#nextStream += 2
    const stream = this.#add(id, headers)
    await this.#inOrder(async () => this.#send(synStreamFrame(id, await this.#headers.encode(headers))))
    return stream
  }

  /** Says goodbye and closes the connection and with it all streams. */
  close(): void {
    if (this.#socket.destroyed) return
    this.#socket.end(goAwayFrame(0))
    this.#socket.destroySoon?.()
  }

  #add(id: number, headers: Headers): SpdyStream {
    const stream = new SpdyStream(id, headers, {
      write: (data, isLast) => this.#send(dataFrame(id, data, isLast)),
      reset: () => void this.#send(rstStreamFrame(id)).catch(() => {}),
    })
    this.#streams.set(id, stream)
    stream.once('close', () => this.#streams.delete(id))
    return stream
  }

  /** Header blocks are one compressed stream: they are made and sent one after the other. */
  #inOrder(work: () => Promise<unknown>): Promise<unknown> {
    this.#writing = this.#writing.then(work)
    return this.#writing
  }

  #send(bytes: Buffer): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#socket.write(bytes, error => (error ? reject(error) : resolve()))
    })
  }

  async #read(): Promise<void> {
    let rest: Buffer = Buffer.alloc(0)
    let fault: Error | undefined
    try {
      for await (const chunk of this.#socket) {
        const read = readFrames(rest.length > 0 ? Buffer.concat([rest, chunk]) : chunk)
        rest = read.rest
        for (const frame of read.frames) await this.#handle(frame)
      }
    } catch (error) {
      fault = error as Error
    }
    this.#end(fault)
  }

  async #handle(frame: Frame): Promise<void> {
    if (frame.type === 'ping') {
      // Pings with ids of our own parity would be answers to ours; we send none.
      if (frame.id % 2 === (this.#isClient ? 0 : 1)) await this.#send(pingFrame(frame.id))
    } else if (frame.type === 'synStream') await this.#accept(frame)
    else if (frame.type === 'synReply' || frame.type === 'headers') {
      await this.#headers.decode(frame.block)
      if (frame.isLast) this.#streams.get(frame.stream)?.endReading()
    } else if (frame.type === 'data') {
      const stream = this.#streams.get(frame.stream)
      if (frame.data.length > 0) await stream?.receive(frame.data)
      if (frame.isLast) stream?.endReading()
    } else if (frame.type === 'rstStream') this.#streams.get(frame.stream)?.wasReset()
  }

  async #accept({ stream: id, isLast, block }: Frame & { type: 'synStream' | 'synReply' | 'headers' }) {
    const stream = this.#add(id, await this.#headers.decode(block))
    await this.#inOrder(async () => this.#send(synReplyFrame(id, await this.#headers.encode({}))))
    if (isLast) stream.endReading()
    this.emit('stream', stream)
  }

  #end(fault: Error | undefined): void {
    this.#socket.destroy()
    this.#headers.close()
    for (const stream of this.#streams.values()) stream.wasCut(fault)
    this.#streams.clear()
    this.emit('close')
  }
}

declare module 'node:stream' {
  interface Duplex {
    /** Of `net.Socket`: destroys once all is written. */
    destroySoon?(): void
  }
}
