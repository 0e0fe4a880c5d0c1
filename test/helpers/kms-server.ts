import { createCipheriv, createDecipheriv, createHash, randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { loadPackageDefinition, Server, ServerCredentials, status } from '@grpc/grpc-js'
import { loadSync } from '@grpc/proto-loader'

/** A key management service of a test's own: gRPC on a unix socket, keys in memory. */
export interface TestKms {
  endpoint: string
  /** What Status answers. */
  status: { version: string; healthz: string; key_id: string }
  /** The key that Encrypt uses; that of the status where left out. */
  encryptKey: string | undefined
  annotations: Record<string, Buffer>
  /** Calls so far. */
  calls: Record<'Status' | 'Encrypt' | 'Decrypt', number>
  start(): Promise<void>
  stop(): void
  remove(): Promise<void>
}

type Reply = (error: { code: number; details: string } | null, response?: object) => void

const keyOf = (id: string): Buffer => createHash('sha256').update(`key ${id}`).digest()

function seal(id: string, plain: Buffer): Buffer {
  const nonce = randomBytes(12)
  const cipher = createCipheriv('aes-256-gcm', keyOf(id), nonce)
  return Buffer.concat([nonce, cipher.update(plain), cipher.final(), cipher.getAuthTag()])
}

function open(id: string, hidden: Buffer): Buffer {
  const decipher = createDecipheriv('aes-256-gcm', keyOf(id), hidden.subarray(0, 12))
  decipher.setAuthTag(hidden.subarray(-16))
  return Buffer.concat([decipher.update(hidden.subarray(12, -16)), decipher.final()])
}

export async function startKms(): Promise<TestKms> {
  const dir = await mkdtemp(join(tmpdir(), 'skiff-kms-'))
  const socket = join(dir, 'kms.sock')
  const definition = loadSync(join(import.meta.dirname, '../fixtures/kms-v2.proto'), { keepCase: true })
  const { service } = (loadPackageDefinition(definition) as any).v2.KeyManagementService
  let server: Server | undefined
  const kms: TestKms = {
    endpoint: `unix://${socket}`,
    status: { version: 'v2', healthz: 'ok', key_id: 'first' },
    encryptKey: undefined,
    annotations: { 'version.kms.test': Buffer.from('1') },
    calls: { Status: 0, Encrypt: 0, Decrypt: 0 },
    async start() {
      server = new Server()
      server.addService(service, handlers(kms))
      await new Promise<void>((resolve, reject) =>
        server!.bindAsync(kms.endpoint, ServerCredentials.createInsecure(), error =>
          error ? reject(error) : resolve(),
        ),
      )
    },
    stop() {
      server?.forceShutdown()
      server = undefined
    },
    async remove() {
      kms.stop()
      await rm(dir, { recursive: true, force: true })
    },
  }
  await kms.start()
  return kms
}

function handlers(kms: TestKms) {
  return {
    Status(_call: unknown, reply: Reply) {
      kms.calls.Status++
      reply(null, kms.status)
    },
    Encrypt({ request }: { request: { plaintext: Buffer } }, reply: Reply) {
      kms.calls.Encrypt++
      const key_id = kms.encryptKey ?? kms.status.key_id
      reply(null, { key_id, ciphertext: seal(key_id, request.plaintext), annotations: kms.annotations })
    },
    Decrypt({ request }: { request: { ciphertext: Buffer; key_id: string } }, reply: Reply) {
      kms.calls.Decrypt++
      try {
        reply(null, { plaintext: open(request.key_id, request.ciphertext) })
      } catch (error) {
        reply({ code: status.INVALID_ARGUMENT, details: (error as Error).message })
      }
    },
  }
}
