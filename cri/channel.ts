import {
  Client,
  type ClientReadableStream,
  credentials,
  Metadata,
  type ServiceError,
  status,
} from '@grpc/grpc-js'
import { codec } from './wire/codec.ts'

/** A call a runtime refused or did not answer. `code` is gRPC's; `message` is the runtime's, without gRPC's decoration. */
export class CriError extends Error {
  readonly code: number

  constructor(code: number, message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'CriError'
    this.code = code
  }
}

export const isNotFound = (error: unknown): boolean =>
  error instanceof CriError && error.code === status.NOT_FOUND

/** True for calls that may succeed when the runtime is back. */
export const isUnavailable = (error: unknown): boolean =>
  error instanceof CriError && (error.code === status.UNAVAILABLE || error.code === status.DEADLINE_EXCEEDED)

/** As large as containerd's own limit, which lists on busy nodes need. */
const LARGEST_MESSAGE = 16 * 1024 * 1024

/** gRPC over a unix socket. */
export interface Channel {
  /** One call of `Service/Method`; request and response types are named after the method. */
  call(service: string, method: string, request: object, timeout: number, signal?: AbortSignal): Promise<any>
  /** A server stream. */
  stream(
    path: string,
    types: { request: string; response: string },
    request: object,
    signal: AbortSignal,
  ): AsyncIterable<any>
  close(): void
}

export function openChannel(socket: string): Channel {
  const client = new Client(`unix://${socket}`, credentials.createInsecure(), {
    'grpc.max_receive_message_length': LARGEST_MESSAGE,
    'grpc.max_send_message_length': LARGEST_MESSAGE,
    'grpc.initial_reconnect_backoff_ms': 50,
    'grpc.max_reconnect_backoff_ms': 1_000,
  })
  return {
    call(service, method, request, timeout, signal) {
      const encoder = codec(`${method}Request`)
      const decoder = codec(`${method}Response`)
      return new Promise((resolve, reject) => {
        const path = `/runtime.v1.${service}/${method}`
        const options = { deadline: Date.now() + timeout }
        const done = (error: ServiceError | null, response: any): void => {
          signal?.removeEventListener('abort', cancel)
          if (error) reject(toCriError(error, method))
          else resolve(response)
        }
        const call = client.makeUnaryRequest(
          path,
          encoder.encode,
          decoder.decode,
          request,
          new Metadata(),
          options,
          done,
        )
        const cancel = (): void => call.cancel()
        if (signal?.aborted) cancel()
        signal?.addEventListener('abort', cancel, { once: true })
      })
    },
    async *stream(path, types, request, signal) {
      const encoder = codec(types.request)
      const decoder = codec(types.response)
      const call = client.makeServerStreamRequest(path, encoder.encode, decoder.decode, request)
      yield* readStream(call, path, signal)
    },
    close: () => client.close(),
  }
}

async function* readStream(
  call: ClientReadableStream<any>,
  path: string,
  signal: AbortSignal,
): AsyncGenerator<any> {
  const cancel = (): void => call.cancel()
  signal.addEventListener('abort', cancel, { once: true })
  try {
    yield* call
  } catch (error) {
    if (!signal.aborted) throw toCriError(error as ServiceError, path)
  } finally {
    signal.removeEventListener('abort', cancel)
    call.cancel()
  }
}

function toCriError(error: ServiceError, what: string): CriError {
  if (error.code === status.DEADLINE_EXCEEDED)
    return new CriError(error.code, `${what} took too long`, { cause: error })
  return new CriError(error.code, error.details || error.message, { cause: error })
}
