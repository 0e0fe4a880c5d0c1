import type { Readable } from 'node:stream'

/** One request on the wire, headers included. */
export interface WireCall {
  method: string
  /** With query. */
  path: string
  headers: Record<string, string | number>
  body?: Buffer | string | undefined
  /** Aborting it gives up the request and closes its answer. */
  signal?: AbortSignal | undefined
}

/** An answer whose head is there. */
export interface WireAnswer {
  status: number
  /** Errors when the connection breaks before the end. */
  body: Readable
}

/** A way to one server that outlives its connections: they are made when needed and again when they broke. */
export interface Connection {
  call(call: WireCall): Promise<WireAnswer>
  close(): void
}

/** The TLS side of a connection, PEM text. */
export interface TlsIdentity {
  ca?: string
  cert?: string
  key?: string
  rejectUnauthorized: boolean
}

/** The server does not speak HTTP/2. */
export class NoHttp2Error extends Error {
  readonly code = 'NO_HTTP2'
}
