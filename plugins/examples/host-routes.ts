/**
 * A whole network plugin in one file. The nodes must be on one Ethernet segment: each reaches the others' Pods by a plain
 * route over their own addresses, so that there is no overlay and no packet gets larger. In the node's configuration:
 *
 *     network: { name: host-routes, source: ./host-routes.ts, config: { bridge: pods0 } }
 *
 * Without `isolation: none` it runs in a process of its own, and all that is passed to it is plain data.
 */
import { execFile } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { promisify } from 'node:util'
import type { NetworkPeer, NetworkPlugin, NetworkSelf } from '../network.ts'
import { definePlugin } from '../plugin.ts'

const run = promisify(execFile)

/** The mark of our routes: what has it and is wanted by nobody is left over from an earlier time. */
const PROTOCOL = '84'

interface Route {
  dst: string
  gateway?: string
}

export default definePlugin({
  type: 'network',
  name: 'host-routes',
  version: '1.0.0',
  start: ({ config }): NetworkPlugin => {
    const bridge = String(config.bridge ?? 'pods0')
    return {
      name: 'host-routes',
      async prepare(self) {
        await checkAddress(self.address)
        await writeFile('/proc/sys/net/ipv4/ip_forward', '1')
      },
      async setPeers(peers) {
        const there = await ourRoutes()
        for (const { dst } of there.filter(({ dst }) => !peers.some(({ podCIDR }) => podCIDR === dst))) {
          await run('ip', ['route', 'delete', dst, 'proto', PROTOCOL])
        }
        for (const peer of peers) if (!isThere(peer, there)) await addRoute(peer)
      },
      conflist: self => conflist(self, bridge),
      async cleanUp() {
        await run('ip', ['route', 'flush', 'proto', PROTOCOL])
        await run('ip', ['link', 'delete', bridge]).catch(() => {})
      },
    }
  },
})

/** The host tries again until it does not throw: the address may come later than we. */
async function checkAddress(address: string): Promise<void> {
  const { stdout } = await run('ip', ['-j', 'address', 'show', 'to', address])
  const found: object[] = JSON.parse(stdout || '[]')
  if (!found.some(link => Object.keys(link).length > 0)) throw new Error(`no interface has ${address}`)
}

async function ourRoutes(): Promise<Route[]> {
  const { stdout } = await run('ip', ['-j', 'route', 'show', 'proto', PROTOCOL])
  return JSON.parse(stdout || '[]')
}

const isThere = ({ podCIDR, address }: NetworkPeer, routes: Route[]): boolean =>
  routes.some(({ dst, gateway }) => dst === podCIDR && gateway === address)

async function addRoute({ podCIDR, address }: NetworkPeer): Promise<void> {
  await run('ip', ['route', 'replace', podCIDR, 'via', address, 'proto', PROTOCOL])
}

/** The CNI plugins named here are executables in the node's `cni.binDir`; any others do as well. */
function conflist({ podCIDR }: NetworkSelf, bridge: string): object | undefined {
  if (podCIDR === undefined) return undefined
  const ipam = { type: 'skiff-host-local', subnet: podCIDR, routes: [{ dst: '0.0.0.0/0' }] }
  return {
    cniVersion: '1.0.0',
    name: 'host-routes',
    plugins: [
      { type: 'skiff-bridge', bridge, ipam },
      { type: 'skiff-portmap', capabilities: { portMappings: true } },
    ],
  }
}
