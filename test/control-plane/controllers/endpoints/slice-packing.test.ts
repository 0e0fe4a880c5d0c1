import test from 'ava'
import type { EndpointSlice } from '../../../../api/kinds/types.ts'
import type { Endpoint } from '../../../../control-plane/controllers/endpoints/model.ts'
import { packSlices } from '../../../../control-plane/controllers/endpoints/slice-packing.ts'

const PORTS = [{ name: 'http', port: 80, protocol: 'TCP' }]

const endpoint = (number: number, ready = true): Endpoint => ({
  addresses: [`10.0.${number >> 8}.${number & 255}`],
  conditions: { ready, serving: ready, terminating: false },
  targetRef: { kind: 'Pod', name: `p${number}`, namespace: 'default', uid: `u${number}` },
})

const range = (from: number, to: number): Endpoint[] =>
  Array.from({ length: to - from }, (_, i) => endpoint(from + i))

const slice = (name: string, endpoints: Endpoint[], ports = PORTS): EndpointSlice =>
  ({
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { name },
    ports,
    endpoints,
  }) as never

const plan = (endpoints: Endpoint[], there: EndpointSlice[]) =>
  packSlices([{ ports: PORTS, endpoints }], there)

test('endpoints are spread over slices of a hundred', t => {
  const { write } = plan(range(0, 250), [])
  t.deepEqual(
    write.map(({ endpoints }) => endpoints.length),
    [100, 100, 50],
  )
})

test('what is as it should be is not written', t => {
  const { keep, write, remove } = plan(range(0, 2), [slice('a', range(0, 2))])
  t.deepEqual([keep.length, write.length, remove.length], [1, 0, 0])
})

test('one endpoint more is one write, to a slice that has room', t => {
  const { keep, write } = plan(range(0, 151), [slice('full', range(0, 100)), slice('half', range(100, 150))])
  t.is(keep.length, 1)
  t.deepEqual(
    write.map(each => [each.slice?.metadata.name, each.endpoints.length]),
    [['half', 51]],
  )
})

test('one endpoint less is one write, and the others stay where they are', t => {
  const left = range(0, 150).filter(({ targetRef }) => targetRef.uid !== 'u3')
  const { write } = plan(left, [slice('a', range(0, 100)), slice('b', range(100, 150))])
  t.deepEqual(
    write.map(each => [each.slice?.metadata.name, each.endpoints.length]),
    [['a', 99]],
  )
})

test('a Pod that changes its state stays in its slice', t => {
  const [first, ...others] = range(0, 3)
  const { write } = plan([endpoint(0, false), ...others], [slice('a', [first!, ...others])])
  t.is(write.length, 1)
  t.false(write[0]!.endpoints[0]!.conditions.ready)
})

test('a new endpoint takes the place of one that went', t => {
  const { write } = plan([...range(1, 100), endpoint(200)], [slice('a', range(0, 100)), slice('b', [])])
  t.deepEqual(
    write.map(each => [each.slice?.metadata.name, each.endpoints.length]),
    [['a', 100]],
  )
})

test('slices that become empty are removed, but a Service keeps one', t => {
  const gone = plan(range(0, 50), [slice('a', range(0, 50)), slice('b', range(50, 60))])
  t.deepEqual(
    gone.remove.map(({ metadata }) => metadata.name),
    ['b'],
  )
  const empty = plan([], [slice('a', range(0, 50)), slice('b', range(50, 60))])
  t.deepEqual([empty.write.length, empty.remove.length], [1, 1])
  t.deepEqual(empty.write[0]!.endpoints, [])
  t.is(plan([], [slice('a', [], [])]).keep.length, 1)
})

test('Pods whose named port is another number have a slice of their own', t => {
  const other = [{ ...PORTS[0]!, port: 8080 }]
  const { write } = packSlices(
    [
      { ports: PORTS, endpoints: range(0, 1) },
      { ports: other, endpoints: range(1, 2) },
    ],
    [slice('a', range(0, 2))],
  )
  t.deepEqual(
    write.map(each => [each.slice?.metadata.name, each.ports[0]!.port]),
    [
      ['a', 80],
      [undefined, 8080],
    ],
  )
})
