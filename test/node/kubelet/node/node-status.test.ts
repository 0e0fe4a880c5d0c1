import { tmpdir } from 'node:os'
import test from 'ava'
import { withExtended } from '../../../../node/kubelet/node/extended-resources.ts'
import { createStatusSource } from '../../../../node/kubelet/node/node-status.ts'

/** The condition Ready of a node whose runtime says these things, and whose network has this fault. */
async function ready(
  conditions: object[] | Error,
  networkFault?: string,
): Promise<{ status: string; message: string }> {
  const runtime = {
    status: () =>
      conditions instanceof Error ? Promise.reject(conditions) : Promise.resolve({ conditions }),
    version: async () => ({ runtimeName: 'x', runtimeVersion: '1', runtimeApiVersion: 'v1' }),
    listImages: async () => [],
  }
  const source = createStatusSource({
    runtime: runtime as never,
    runtimeName: 'x',
    nodeName: 'here',
    nodeAddress: '127.0.0.1',
    dataDir: tmpdir(),
    maxPods: 10,
    pressure: () => ({ memory: false, disk: false, pid: false }) as never,
    handlers: [],
    kubeletPort: 10_250,
    known: () => undefined,
    networkFault: async () => networkFault,
  })
  const { conditions: given = [] } = await source.read(undefined)
  return given.find(({ type }) => type === 'Ready') as never
}

const condition = (type: string, status: boolean) => ({ type, status, reason: 'R', message: 'M' })
const HEALTHY = [condition('RuntimeReady', true), condition('NetworkReady', true)]

test('a node is ready when runtime and network are', async t => {
  t.like(await ready(HEALTHY), { status: 'True', message: 'kubelet is posting ready status' })
})

test("a fault of the network's provider makes the node not ready, in its words", async t => {
  t.like(await ready(HEALTHY, 'the tunnel is down'), {
    status: 'False',
    message:
      'container runtime network not ready: NetworkReady=false reason:NetworkPluginNotReady message:the tunnel is down',
  })
})

test('a runtime that is down says so first', async t => {
  t.like(await ready(new Error('gone'), 'the tunnel is down'), {
    status: 'False',
    message: 'container runtime is down: gone',
  })
})

// Found by upstream's conformance tests: what an administrator advertises for a node can be used.
test('what others put into the capacity can be had, until they take it out', t => {
  const own = { capacity: { cpu: '2' }, allocatable: { cpu: '1' } }
  const node = (status: object) => ({ metadata: { name: 'here' }, spec: {}, status }) as never
  t.is(withExtended(own, undefined), own)
  t.is(withExtended(own, node({ capacity: { cpu: '9', 'kubernetes.io/x': '1' } })), own)
  const given = node({ capacity: { cpu: '9', 'example.com/dongle': '4' } })
  t.deepEqual(withExtended(own, given), {
    capacity: { cpu: '2', 'example.com/dongle': '4' },
    allocatable: { cpu: '1', 'example.com/dongle': '4' },
  })
  const taken = node({ capacity: {}, allocatable: { 'example.com/dongle': '4' } })
  t.deepEqual(withExtended(own, taken) as object, {
    capacity: { cpu: '2' },
    allocatable: { cpu: '1', 'example.com/dongle': null },
  })
})
