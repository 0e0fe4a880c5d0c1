import { mkdtemp, rm } from 'node:fs/promises'
import { createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'ava'
import { type CniNode, createCniNode } from '../helpers/cni.ts'

let dir: string
let node: CniNode

test.before(async () => {
  dir = await mkdtemp(join(tmpdir(), 'skiff-entry-'))
  node = await createCniNode({ socket: join(dir, 'cni.sock'), serve: false })
})

test.after.always(async () => {
  await node.remove()
  await rm(dir, { recursive: true, force: true })
})

/** Takes an address: it takes the call's environment and all of its input. */
const add = (id: string) => {
  const padding = 'x'.repeat(300_000)
  const ipam = { type: 'skiff-host-local', subnet: '10.9.0.0/24', dataDir: dir }
  return node.call('ADD', 'skiff-host-local', { ipam, padding }, { id, namespace: node.namespace })
}

test.serial('without a daemon the Node program answers', async t => {
  const { exitCode, answer } = await add('alone')
  t.is(exitCode, 0)
  t.regex(answer.ips[0].address, /^10\.9\.0\.\d+\/24$/)
})

/** `behave`: what the daemon does with a connection before it is gone. */
const dying = test.macro(async (t, behave: (connection: Socket) => void) => {
  const server = createServer(connection => {
    connection.on('error', () => {})
    behave(connection)
  })
  await new Promise<void>(resolve => server.listen(join(dir, 'cni.sock'), resolve))
  try {
    const { exitCode, answer } = await add('orphan')
    t.is(exitCode, 0)
    t.regex(answer.ips[0].address, /^10\.9\.0\.\d+\/24$/)
  } finally {
    await new Promise(resolve => server.close(resolve))
  }
})

test.serial('a call whose daemon dies at once is done by the Node program', dying, connection =>
  connection.destroy(),
)
test.serial('a call whose daemon dies while it reads is done by the Node program', dying, connection =>
  connection.once('data', () => connection.destroy()),
)
test.serial('a call whose daemon dies in its answer is done by the Node program', dying, connection =>
  connection.once('data', () => {
    connection.resume()
    connection.end(Buffer.from([0, 0, 0, 0, 9, 0x7b]))
  }),
)
