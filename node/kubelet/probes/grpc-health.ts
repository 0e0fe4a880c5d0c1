import { Client, credentials, Metadata } from '@grpc/grpc-js'
import type { ProbeResult } from './result.ts'

/** `grpc.health.v1.Health/Check` (github.com/grpc/grpc, doc/health-checking.md). */
const CHECK = '/grpc.health.v1.Health/Check'
const SERVING = ['UNKNOWN', 'SERVING', 'NOT_SERVING', 'SERVICE_UNKNOWN']
const DEADLINE_EXCEEDED = 4
const UNIMPLEMENTED = 12

interface GrpcTarget {
  host: string
  port: number
  /** Empty asks for the server as a whole. */
  service: string
  /** Milliseconds. */
  timeout: number
}

/** Asks a gRPC server for its health, in plain text and without checking who it is, as a kubelet does. */
export async function grpcProbe({ host, port, service, timeout }: GrpcTarget): Promise<ProbeResult> {
  const address = host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
  const client = new Client(address, credentials.createInsecure(), { 'grpc.enable_retries': 0 })
  const metadata = new Metadata()
  metadata.set('user-agent', 'kube-probe/1.34')
  try {
    return await new Promise<ProbeResult>(resolve => {
      const options = { deadline: Date.now() + timeout }
      client.makeUnaryRequest(CHECK, encode, decode, service, metadata, options, (error, state) => {
        if (error) resolve({ ok: false, message: describe(error, address, timeout) })
        else if (state === 1) resolve({ ok: true, message: 'service healthy' })
        else {
          const name = SERVING[state ?? 0] ?? state
          resolve({ ok: false, message: `service unhealthy (responded with "${name}")` })
        }
      })
    })
  } finally {
    client.close()
  }
}

function describe(
  { code, details }: { code: number; details: string },
  address: string,
  timeout: number,
): string {
  if (code === UNIMPLEMENTED)
    return `error: this server does not implement the grpc health protocol (grpc.health.v1.Health): ${details}`
  if (code === DEADLINE_EXCEEDED)
    return `timeout: failed to connect service "${address}" within ${timeout / 1_000}s: context deadline exceeded`
  return `error: health rpc probe failed: ${details}`
}

/** `HealthCheckRequest{service = 1}`: names are short, so the length is one byte or two. */
function encode(service: string): Buffer {
  const text = Buffer.from(service)
  if (text.length === 0) return Buffer.alloc(0)
  const length = text.length < 128 ? [text.length] : [(text.length & 0x7f) | 0x80, text.length >> 7]
  return Buffer.concat([Buffer.from([0x0a, ...length]), text])
}

/** `HealthCheckResponse{status = 1}`, an enum; left out it is 0. */
const decode = (bytes: Buffer): number => (bytes[0] === 0x08 ? (bytes[1] ?? 0) : 0)
