import test from 'ava'
import { nodes, services } from '../../../api/kinds/core.ts'
import { endpointSlices } from '../../../api/kinds/discovery.ts'
import { startProxy } from '../../../node/proxy/proxy.ts'
import { type ProxyChanges, ProxyStateLostError, type ServiceProxy } from '../../../plugins/proxy.ts'
import { createFakeInformers } from '../../helpers/fake-informers.ts'
import { quietLog } from '../../helpers/log.ts'
import { service, slice } from '../../helpers/proxy-lab.ts'

/** A plugin that notes its calls; each waits until the test lets it end. */
function recorder() {
  const calls: ProxyChanges[] = []
  const ends: PromiseWithResolvers<void>[] = []
  let called = Promise.withResolvers<void>()
  const plugin: ServiceProxy = {
    name: 'recorder',
    apply(changes) {
      calls.push(changes)
      const end = Promise.withResolvers<void>()
      ends.push(end)
      called.resolve()
      called = Promise.withResolvers()
      return end.promise
    },
    async stop() {},
    async cleanup() {},
  }
  return {
    plugin,
    calls,
    /** The next call (the `n`th in all, from 1) once it is made. */
    async call(n: number): Promise<ProxyChanges> {
      while (calls.length < n) await called.promise
      return calls[n - 1]!
    },
    end: (n: number, error?: Error) => (error ? ends[n - 1]!.reject(error) : ends[n - 1]!.resolve()),
  }
}

function start(options: object = {}) {
  const informers = createFakeInformers()
  const record = recorder()
  const controller = new AbortController()
  informers.set(services, service('a', '10.96.0.1') as any)
  const proxy = startProxy({
    informers,
    nodeName: 'here',
    nodeAddresses: ['10.0.0.1'],
    plugin: record.plugin,
    log: quietLog,
    signal: controller.signal,
    ...options,
  })
  const ids = (changes: ProxyChanges): string[] => changes.set.map(({ name }) => name)
  return { informers, ...record, proxy, ids, stop: () => proxy.stop() }
}

test('the first batch is full and has everything', async t => {
  const { call, end, proxy, ids, stop } = start()
  const first = await call(1)
  t.true(first.full)
  t.deepEqual(ids(first), ['a'])
  t.deepEqual(first.node, { name: 'here', addresses: ['10.0.0.1'], clusterCIDRs: [] })
  end(1)
  await proxy.ready
  await stop()
})

test('changes that come while a batch is under way are gathered into the next', async t => {
  const { informers, call, calls, end, ids, stop } = start()
  await call(1)
  for (const name of ['b', 'c', 'd']) informers.set(services, service(name, '10.96.0.2') as any)
  informers.delete(services, 'default/a')
  t.is(calls.length, 1)
  end(1)
  const second = await call(2)
  t.false(second.full)
  t.deepEqual(ids(second), ['b', 'c', 'd'])
  t.deepEqual(second.removed, ['default/a:http/IPv4'])
  end(2)
  await stop()
})

test('a slice changes its Service only, and what does not change the model is no batch', async t => {
  const { informers, call, calls, end, ids, proxy, stop } = start()
  informers.set(services, service('b', '10.96.0.2') as any)
  await call(1)
  end(1)
  await proxy.ready
  informers.set(services, {
    ...service('a', '10.96.0.1'),
    metadata: { name: 'a', namespace: 'default', labels: { x: 'y' } },
  } as any)
  await new Promise(resolve => setImmediate(() => setImmediate(resolve)))
  t.is(calls.length, 1)
  informers.set(endpointSlices, slice('b', [1]) as any)
  t.deepEqual(ids(await call(2)), ['b'])
  end(2)
  await stop()
})

test('a batch that failed comes again, with what changed since', async t => {
  const { informers, call, end, ids, proxy, stop } = start()
  await call(1)
  end(1)
  await proxy.ready
  informers.set(services, service('b', '10.96.0.2') as any)
  await call(2)
  informers.set(services, service('c', '10.96.0.3') as any)
  end(2, new Error('no'))
  const third = await call(3)
  t.false(third.full)
  t.deepEqual(ids(third).sort(), ['b', 'c'])
  end(3)
  await stop()
})

test('a lost state is made anew by a full batch', async t => {
  const { informers, call, end, ids, proxy, stop } = start()
  await call(1)
  end(1)
  await proxy.ready
  informers.set(services, service('b', '10.96.0.2') as any)
  await call(2)
  end(2, new ProxyStateLostError('flushed'))
  const third = await call(3)
  t.true(third.full)
  t.deepEqual(ids(third).sort(), ['a', 'b'])
  end(3)
  await stop()
})

test('no rules are made for addresses the node answers itself', async t => {
  const { call, end, ids, stop } = start({ nodeLocalServiceIPs: ['10.96.0.1'] })
  t.deepEqual(ids(await call(1)), [])
  end(1)
  await stop()
})

test('a changed zone of the node changes what hints choose', async t => {
  const { informers, call, end, stop, proxy } = start()
  const hinted = (n: number, zone: string) => ({
    addresses: [`10.244.9.${n}`],
    conditions: {},
    hints: { forZones: [{ name: zone }] },
  })
  informers.set(endpointSlices, slice('a', [hinted(1, 'x'), hinted(2, 'y')]) as any)
  await call(1)
  end(1)
  await proxy.ready
  const labels = { 'topology.kubernetes.io/zone': 'y' }
  informers.set(nodes, {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name: 'here', labels },
    spec: {},
  } as any)
  const { set } = await call(2)
  t.deepEqual(
    set[0]!.clusterEndpoints.map(({ address }) => address),
    ['10.244.9.2'],
  )
  end(2)
  await stop()
})

test('ready is rejected when it is stopped before the first batch holds', async t => {
  const { call, end, proxy } = start()
  await call(1)
  const stopped = proxy.stop()
  end(1, new Error('no'))
  await stopped
  await t.throwsAsync(proxy.ready, { message: /stopped/ })
})
