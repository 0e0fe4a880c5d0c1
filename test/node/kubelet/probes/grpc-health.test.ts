import { Server, ServerCredentials, status } from '@grpc/grpc-js'
import test from 'ava'
import { grpcProbe } from '../../../../node/kubelet/probes/grpc-health.ts'

const CHECK = '/grpc.health.v1.Health/Check'

interface HealthServer {
  port: number
  stop(): void
}

/** A gRPC server that says of each service whether it serves (1) or not (2), as bytes of the health protocol. */
async function startServer(states: Record<string, number>, path = CHECK): Promise<HealthServer> {
  const server = new Server()
  const bytes = (value: Buffer): Buffer => value
  const check = {
    path,
    requestStream: false,
    responseStream: false,
    requestSerialize: bytes,
    requestDeserialize: bytes,
    responseSerialize: bytes,
    responseDeserialize: bytes,
  }
  server.addService(
    { check },
    {
      check: ({ request }: { request: Buffer }, answer: (error: object | null, value?: Buffer) => void) => {
        const service = request.subarray(2).toString()
        const state = states[service]
        if (state === undefined) answer({ code: status.NOT_FOUND, details: 'unknown service' })
        else if (state >= 0) answer(null, state === 0 ? Buffer.alloc(0) : Buffer.from([0x08, state]))
      },
    },
  )
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
      error ? reject(error) : resolve(bound),
    )
  })
  return { port, stop: () => server.forceShutdown() }
}

const probe = (port: number, service = '', timeout = 60_000) =>
  grpcProbe({ host: '127.0.0.1', port, service, timeout })

test('a server that serves is healthy, as a whole and by the name of a service', async t => {
  const server = await startServer({ '': 1, orders: 1, ['x'.repeat(200)]: 2 })
  t.teardown(server.stop)
  t.deepEqual(await probe(server.port), { ok: true, message: 'service healthy' })
  t.true((await probe(server.port, 'orders')).ok)
})

test('a service that does not serve is unhealthy', async t => {
  const server = await startServer({ '': 2, starting: 0 })
  t.teardown(server.stop)
  t.deepEqual(await probe(server.port), {
    ok: false,
    message: 'service unhealthy (responded with "NOT_SERVING")',
  })
  t.deepEqual(await probe(server.port, 'starting'), {
    ok: false,
    message: 'service unhealthy (responded with "UNKNOWN")',
  })
})

test('a service nobody knows, and a server without the protocol, are told apart', async t => {
  const server = await startServer({})
  const other = await startServer({}, '/some.other.Service/Check')
  t.teardown(server.stop)
  t.teardown(other.stop)
  t.deepEqual(await probe(server.port, 'no-such'), {
    ok: false,
    message: 'error: health rpc probe failed: unknown service',
  })
  t.regex(
    (await probe(other.port)).message,
    /^error: this server does not implement the grpc health protocol/,
  )
})

test('a server that gives no answer in time, and one that is not there, fail', async t => {
  const server = await startServer({ '': -1 })
  t.teardown(server.stop)
  t.regex((await probe(server.port, '', 2_000)).message, /within 2s: context deadline exceeded$/)
  const { port } = server
  server.stop()
  t.false((await probe(port)).ok)
})
