import test from 'ava'
import { toSubsets, truncateSubsets } from '../../../../control-plane/controllers/endpoints/subsets.ts'

const endpoint = (ip: string, ready = true, terminating = false): any => ({
  addresses: [ip],
  conditions: { ready, serving: ready, terminating },
  targetRef: { kind: 'Pod', name: ip, namespace: 'ns', uid: ip },
})
const port = (name: string, number: number): any => ({ name, port: number, protocol: 'TCP' })
const told = (groups: any[]): object[] =>
  toSubsets(groups).map(({ addresses, notReadyAddresses, ports }) => ({
    ready: addresses?.map(({ ip }) => ip),
    notReady: notReadyAddresses?.map(({ ip }) => ip),
    ports: ports?.map((each: any) => `${each.name ?? ''}:${each.port}`),
  }))

test('ports that lead to the same addresses share a subset, and addresses are in order', t => {
  const ports = [port('a', 1), port('b', 2)]
  const endpoints = [endpoint('10.0.0.2'), endpoint('10.0.0.1'), endpoint('10.0.0.3', false)]
  t.deepEqual(told([{ ports, endpoints }]), [
    { ready: ['10.0.0.1', '10.0.0.2'], notReady: ['10.0.0.3'], ports: ['a:1', 'b:2'] },
  ])
})

test('a named port that is another one in some Pods has a subset for each number', t => {
  const groups = [
    { ports: [port('web', 80), port('admin', 9)], endpoints: [endpoint('10.0.0.1')] },
    { ports: [port('web', 81), port('admin', 9)], endpoints: [endpoint('10.0.0.2')] },
  ]
  t.deepEqual(told(groups), [
    { ready: ['10.0.0.1'], notReady: undefined, ports: ['web:80'] },
    { ready: ['10.0.0.1', '10.0.0.2'], notReady: undefined, ports: ['admin:9'] },
    { ready: ['10.0.0.2'], notReady: undefined, ports: ['web:81'] },
  ])
})

test('a headless Service without ports has addresses alone, and Pods that go are left out', t => {
  const endpoints = [endpoint('10.0.0.1'), endpoint('10.0.0.2', false, true)]
  t.deepEqual(toSubsets([{ ports: [], endpoints }]), [
    { addresses: [{ ip: '10.0.0.1', targetRef: endpoint('10.0.0.1').targetRef }] },
  ])
  t.deepEqual(toSubsets([{ ports: [port('', 1)], endpoints: [endpoints[1]] }]), [])
})

const addresses = (count: number): any[] => Array.from({ length: count }, (_, i) => ({ ip: String(i) }))

test('a thousand addresses are told, of each subset its share, those that are ready first', t => {
  const sizes = (subsets: any[]): number[][] =>
    subsets.map(each => [each.addresses?.length ?? 0, each.notReadyAddresses?.length ?? 0])
  const small = [{ addresses: addresses(900), notReadyAddresses: addresses(100) }]
  t.deepEqual(truncateSubsets(small), { subsets: small, isTruncated: false })
  const ready = truncateSubsets([
    { addresses: addresses(1500), notReadyAddresses: addresses(5) },
    { addresses: addresses(500) },
  ])
  t.deepEqual(sizes(ready.subsets), [
    [750, 0],
    [250, 0],
  ])
  const others = truncateSubsets([{ addresses: addresses(800), notReadyAddresses: addresses(400) }])
  t.deepEqual([sizes(others.subsets), others.isTruncated], [[[800, 200]], true])
})
