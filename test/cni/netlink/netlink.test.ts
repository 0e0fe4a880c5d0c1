import test from 'ava'
import { watchKernel } from '../../../cni/netlink/events.ts'
import { openGeneric } from '../../../cni/netlink/generic.ts'
import { isOwnNamespace } from '../../../cni/netlink/namespace.ts'
import { type Netlink, openNetlink } from '../../../cni/netlink/netlink.ts'
import { readSysctl, writeSysctl } from '../../../cni/netlink/sysctl.ts'
import { createNamespace, type TestNamespace } from '../../helpers/namespaces.ts'

let namespace: TestNamespace
let path: string
let netlink: Netlink

test.beforeEach(async () => {
  namespace = await createNamespace('nl')
  path = `/run/netns/${namespace.name}`
  netlink = openNetlink({ netns: path })
})

test.afterEach.always(async () => {
  netlink.close()
  await namespace.remove()
})

const ip = async (...args: string[]): Promise<any[]> =>
  JSON.parse(await namespace.run('ip', '-j', '-d', ...args))

test.serial('a bridge is made with its settings, and made again is an answer', async t => {
  const spec = { kind: 'bridge', name: 'br0', mac: '02:00:00:00:00:07', mtu: 1_400, up: true } as const
  t.true(await netlink.links.create(spec))
  t.false(await netlink.links.create(spec))
  t.true(await netlink.links.set('br0', { alias: 'skiff' }))
  const [shown] = await ip('link', 'show', 'br0')
  t.like(shown, {
    address: '02:00:00:00:00:07',
    mtu: 1_400,
    ifalias: 'skiff',
    linkinfo: { info_kind: 'bridge' },
  })
  t.like(await netlink.links.get('br0'), {
    kind: 'bridge',
    mac: '02:00:00:00:00:07',
    mtu: 1_400,
    alias: 'skiff',
    isUp: true,
  })
})

test.serial('a veth pair is made with its peer in another namespace, as a port of a bridge', async t => {
  const other = await createNamespace('peer')
  try {
    await netlink.links.create({ kind: 'bridge', name: 'br0', up: true })
    const peer = { name: 'eth0', mac: '02:00:00:00:00:08', mtu: 1_300, netns: `/run/netns/${other.name}` }
    await netlink.links.create({ kind: 'veth', name: 'v0', mtu: 1_300, master: 'br0', up: true, peer })
    await netlink.links.set('v0', { port: { hairpin: true, isolated: true } })
    const inside = openNetlink({ netns: `/run/netns/${other.name}` })
    t.like(await inside.links.get('eth0'), {
      mac: '02:00:00:00:00:08',
      mtu: 1_300,
      kind: 'veth',
      isUp: false,
    })
    inside.close()
    const [port] = await netlink.links.list({ master: 'br0' })
    t.like(port, { name: 'v0', kind: 'veth', port: { hairpin: true, isolated: true } })
    t.is(typeof port?.peerNamespace, 'number')
    t.true(await netlink.links.delete('v0'))
    t.false(await netlink.links.delete('v0'))
  } finally {
    await other.remove()
  }
})

test.serial('addresses are put on links and taken off, twice is an answer', async t => {
  for (const address of ['10.9.1.1/24', 'fd00::1/64']) {
    t.true(await netlink.addresses.add('lo', address))
    t.false(await netlink.addresses.add('lo', address))
  }
  t.regex(await namespace.run('ip', '-4', 'address', 'show', 'dev', 'lo'), /inet 10\.9\.1\.1\/24/)
  const shown = (await netlink.addresses.list({ link: 'lo' })).map(({ address }) => address)
  t.deepEqual(shown.sort(), ['10.9.1.1/24', '127.0.0.1/8', '::1/128', 'fd00::1/64'])
  for (const address of ['10.9.1.1/24', 'fd00::1/64']) {
    t.true(await netlink.addresses.delete('lo', address))
    t.false(await netlink.addresses.delete('lo', address))
  }
  t.deepEqual(await netlink.addresses.list({ link: 'nothing' }), [])
})

test.serial('what is asked of a link that is not there is told by name', async t => {
  t.is(await netlink.links.get('nothing'), undefined)
  t.false(await netlink.links.set('nothing', { up: true }))
  await t.throwsAsync(netlink.addresses.add('nothing', '10.0.0.1/24'), {
    code: 'ENODEV',
    message: 'link nothing: there is no such link (ENODEV)',
  })
})

test.serial(
  'a VXLAN device, its neighbours, forwarding entries and on-link routes are as iproute2 shows them',
  async t => {
    await netlink.links.create({ kind: 'bridge', name: 'under', up: true })
    await netlink.addresses.add('under', '192.168.77.1/24')
    const vxlan = { id: 1, port: 8_472, local: '192.168.77.1', link: 'under', learning: false }
    await netlink.links.create({
      kind: 'vxlan',
      name: 'vx.0',
      mac: '02:00:00:00:00:09',
      mtu: 1_450,
      up: true,
      ...vxlan,
    })
    const [device] = await ip('link', 'show', 'vx.0')
    t.like(device.linkinfo.info_data, {
      id: 1,
      port: 8_472,
      local: '192.168.77.1',
      link: 'under',
      learning: false,
    })
    const link = (await netlink.links.get('vx.0'))!
    t.like(link.vxlan, { id: 1, port: 8_472, local: '192.168.77.1', learning: false })

    await netlink.neighbours.replace({ link: 'vx.0', address: '10.9.2.0', mac: '02:00:00:00:00:0a' })
    await netlink.forwarding.replace({ link: 'vx.0', mac: '02:00:00:00:00:0a', machine: '192.168.77.2' })
    await netlink.forwarding.replace({ link: 'vx.0', mac: '02:00:00:00:00:0a', machine: '192.168.77.3' })
    await netlink.routes.replace({ to: '10.9.2.0/24', via: '10.9.2.0', link: 'vx.0', onlink: true })
    await netlink.routes.replace({
      to: '10.9.2.0/24',
      via: '10.9.2.0',
      link: 'vx.0',
      onlink: true,
      mtu: 1_400,
    })
    const entry = { link: link.index, isPermanent: true }
    t.deepEqual(await netlink.neighbours.list('vx.0'), [
      { ...entry, address: '10.9.2.0', mac: '02:00:00:00:00:0a' },
    ])
    t.deepEqual(await netlink.forwarding.list('vx.0'), [
      { ...entry, mac: '02:00:00:00:00:0a', machine: '192.168.77.3' },
    ])
    t.like(await netlink.routes.list({ link: 'vx.0' }), [
      { to: '10.9.2.0/24', via: '10.9.2.0', onlink: true, mtu: 1_400, protocol: 83 },
    ])
    t.regex(
      await namespace.run('ip', 'route'),
      /10\.9\.2\.0\/24 via 10\.9\.2\.0 dev vx\.0 proto 83 onlink mtu 1400/,
    )

    t.true(await netlink.routes.delete({ to: '10.9.2.0/24', link: 'vx.0' }))
    t.false(await netlink.routes.delete({ to: '10.9.2.0/24', link: 'vx.0' }))
    t.true(await netlink.neighbours.delete({ link: 'vx.0', address: '10.9.2.0' }))
    t.false(await netlink.neighbours.delete({ link: 'vx.0', address: '10.9.2.0' }))
    const forwarding = { link: 'vx.0', mac: '02:00:00:00:00:0a', machine: '192.168.77.3' }
    t.true(await netlink.forwarding.delete(forwarding))
    t.false(await netlink.forwarding.delete(forwarding))
  },
)

test.serial('default routes of both families are read and written', async t => {
  await netlink.links.create({ kind: 'bridge', name: 'br0', up: true })
  await netlink.addresses.add('br0', '10.9.1.2/24', { noPrefixRoute: true })
  await netlink.addresses.add('br0', 'fd00::2/64', { noPrefixRoute: true })
  t.deepEqual(await netlink.routes.list({ protocol: 83 }), [])
  for (const [gateway, any] of [
    ['10.9.1.1', '0.0.0.0/0'],
    ['fd00::1', '::/0'],
  ] as const) {
    await netlink.routes.add({ to: gateway, link: 'br0' })
    t.true(await netlink.routes.add({ to: any, via: gateway, link: 'br0' }))
    t.false(await netlink.routes.add({ to: any, via: gateway, link: 'br0' }))
  }
  const routes = (await netlink.routes.list({ protocol: 83 })).map(({ to, via }) => [to, via])
  t.deepEqual(routes.sort(), [
    ['0.0.0.0/0', '10.9.1.1'],
    ['10.9.1.1/32', undefined],
    ['::/0', 'fd00::1'],
    ['fd00::1/128', undefined],
  ])
})

test.serial('dumps under changes are whole', async t => {
  const writer = openNetlink({ netns: path })
  const churn = (async () => {
    for (let i = 0; i < 200; i++) {
      await writer.addresses.add('lo', `10.8.0.${i + 1}/32`)
    }
  })()
  const counts: number[] = []
  while (counts.at(-1) !== 201) {
    const addresses = await netlink.addresses.list({ link: 'lo' })
    counts.push(addresses.filter(({ address }) => !address.includes(':')).length)
  }
  await churn
  writer.close()
  t.deepEqual(
    counts,
    counts.toSorted((a, b) => a - b),
  )
})

test.serial('settings of the network belong to the namespace they are written in', t => {
  const name = 'net/ipv4/conf/all/log_martians'
  const before = readSysctl(name)
  t.true(writeSysctl(name, before === '1' ? 0 : 1, path))
  t.not(readSysctl(name, path), before)
  t.is(readSysctl(name), before)
  t.false(writeSysctl('net/ipv4/no_such_setting', 1, path))
  t.is(readSysctl('net/ipv4/no_such_setting', path), undefined)
})

test.serial('a path that is no namespace is refused by name, and the thread stays where it was', t => {
  t.throws(() => openNetlink({ netns: '/run/netns/skiff-not-there' }), {
    code: 'NETNS',
    message: /^network namespace \/run\/netns\/skiff-not-there cannot be entered: ENOENT/,
  })
  t.throws(() => openNetlink({ netns: '/dev/null' }), {
    code: 'NETNS',
    message: /it is no network namespace/,
  })
  t.true(isOwnNamespace('/proc/self/ns/net'))
  t.false(isOwnNamespace(path))
})

test.serial('generic netlink finds a family, and says when the kernel has none', async t => {
  const family = (await openGeneric('nlctrl', { netns: path }))!
  const [answer] = await family.request(3, [[2, Buffer.from('nlctrl\0')]])
  t.is(answer?.get(1)?.readUInt16LE(0), 16)
  t.true((await family.dump(3)).length > 0)
  family.close()
  t.is(await openGeneric('no-such-family'), undefined)
})

test.serial('changes of links are told', async t => {
  const name = `skt${process.pid}`.slice(0, 15)
  const own = openNetlink()
  const told = Promise.withResolvers<string>()
  const gone = Promise.withResolvers<void>()
  const stop = watchKernel(['link'], event => {
    if (event.name !== name) return
    if (event.isRemoved) gone.resolve()
    else told.resolve(event.name)
  })
  await own.links.create({ kind: 'veth', name, peer: { name: `${name}p`.slice(-15) } })
  t.is(await told.promise, name)
  await own.links.delete(name)
  await gone.promise
  stop()
  own.close()
})
