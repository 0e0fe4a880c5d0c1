import { randomUUID } from 'node:crypto'
import { Client, credentials, Metadata, status } from '@grpc/grpc-js'
import {
  type DecryptRequest,
  type DecryptResponse,
  type EncryptResponse,
  MESSAGES,
  type MessageCodec,
  SERVICE,
  type StatusResponse,
} from './messages.ts'

/** Told of every call: how long it took in seconds, and its gRPC code as Go names it (`OK`, `DeadlineExceeded`). */
export type ObserveCall = (method: string, seconds: number, code: string) => void

/** A key management service: gRPC over a unix socket. Every call has a deadline. */
export class KmsService {
  #client: Client
  #timeout: number
  #observe: ObserveCall

  /** `timeout` in milliseconds. */
  constructor(endpoint: string, timeout: number, observe: ObserveCall) {
    this.#client = new Client(target(endpoint), credentials.createInsecure(), {
      'grpc.enable_retries': 0,
      'grpc.initial_reconnect_backoff_ms': 50,
      'grpc.max_reconnect_backoff_ms': 1_000,
    })
    this.#timeout = timeout
    this.#observe = observe
  }

  status(): Promise<StatusResponse> {
    return this.#call('Status', MESSAGES.StatusRequest, MESSAGES.StatusResponse, {})
  }

  encrypt(plaintext: Uint8Array, uid: string): Promise<EncryptResponse> {
    return this.#call('Encrypt', MESSAGES.EncryptRequest, MESSAGES.EncryptResponse, { plaintext, uid })
  }

  decrypt(request: Omit<DecryptRequest, 'uid'>): Promise<DecryptResponse> {
    const message = { ...request, uid: randomUUID() }
    return this.#call('Decrypt', MESSAGES.DecryptRequest, MESSAGES.DecryptResponse, message)
  }

  close(): void {
    this.#client.close()
  }

  #call<Request extends object, Response extends object>(
    method: string,
    { encode }: MessageCodec<Request>,
    { decode }: MessageCodec<Response>,
    request: Partial<Request>,
  ): Promise<Response> {
    const start = performance.now()
    // A service that is being started again is waited for, up to the deadline.
    const metadata = new Metadata({ waitForReady: true })
    return new Promise((resolve, reject) => {
      const options = { deadline: Date.now() + this.#timeout }
      const path = `/${SERVICE}/${method}`
      this.#client.makeUnaryRequest(path, encode, decode, request, metadata, options, (error, response) => {
        const code = goCode(error?.code ?? status.OK)
        this.#observe(method.toLowerCase(), (performance.now() - start) / 1_000, code)
        if (error) reject(new Error(`rpc error: code = ${code} desc = ${error.details}`, { cause: error }))
        else resolve(response!)
      })
    })
  }
}

/** gRPC's own form of a socket: `unix:///path`, `unix-abstract:name`. */
function target(endpoint: string): string {
  const path = endpoint.replace(/^unix:(\/\/)?/, '')
  return path.startsWith('@') ? `unix-abstract:${path.slice(1)}` : `unix://${path}`
}

/** `DEADLINE_EXCEEDED` → `DeadlineExceeded`. */
function goCode(code: number): string {
  const name = status[code] ?? 'UNKNOWN'
  if (name === 'OK') return name
  return name
    .toLowerCase()
    .split('_')
    .map(word => word.charAt(0).toUpperCase() + word.slice(1))
    .join('')
}
