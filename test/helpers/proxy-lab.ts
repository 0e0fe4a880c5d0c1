import { fileURLToPath } from 'node:url'
import { createNamespace, joinNamespaces, type TestNamespace, type TestProgram } from './namespaces.ts'

const PEER = fileURLToPath(new URL('../fixtures/namespace-peer.ts', import.meta.url))
const PROXY = fileURLToPath(new URL('../fixtures/proxy-node.ts', import.meta.url))

export const NODE_ADDRESS = '10.200.0.1'
export const CLIENT_ADDRESS = '10.200.0.2'
export const SERVER_PORT = 8080

/** A node with Pods and, outside of it, a client: each a network namespace. */
export interface ProxyLab {
  node: TestNamespace
  /** A process of the node itself. */
  onNode: TestProgram
  /** On another machine of the node's network. */
  client: TestProgram
  /** Pods `pod1`, `pod2`, `pod3` at 10.244.1.11, .12, .13; all serve port 8080. */
  pods: TestProgram[]
  /** Starts the proxy in the node. */
  startProxy(options?: object): Promise<TestProgram>
  remove(): Promise<void>
}

export const podAddress = (i: number): string => `10.244.1.${10 + i}`

export async function createProxyLab(backend: string): Promise<ProxyLab> {
  const node = await createNamespace('node')
  const outside = await createNamespace('client')
  const podSpaces = await Promise.all([1, 2, 3].map(i => createNamespace(`pod${i}`)))
  const ip = (...args: string[]) => node.run('ip', ...args)
  await node.run('sysctl', '-qw', 'net.ipv4.ip_forward=1')
  await ip('link', 'add', 'br0', 'type', 'bridge')
  await ip('address', 'add', '10.244.1.1/24', 'dev', 'br0')
  await ip('link', 'set', 'br0', 'up')
  await joinNamespaces(
    { namespace: node, link: 'eth0', addresses: [`${NODE_ADDRESS}/24`] },
    { namespace: outside, link: 'eth0', addresses: [`${CLIENT_ADDRESS}/24`] },
  )
  await ip('route', 'add', 'default', 'via', CLIENT_ADDRESS)
  await outside.run('ip', 'route', 'add', 'default', 'via', NODE_ADDRESS)
  for (const [index, namespace] of podSpaces.entries()) await attachPod(node, namespace, index + 1)
  const pods = podSpaces.map((namespace, index) => namespace.start(PEER, `pod${index + 1}`))
  await Promise.all(pods.map(pod => pod.call('serve', SERVER_PORT)))
  return {
    node,
    onNode: node.start(PEER, 'node'),
    client: outside.start(PEER, 'client'),
    pods,
    async startProxy(options = {}) {
      const proxy = node.start(PROXY)
      await proxy.call('start', backend, {
        nodeAddresses: [NODE_ADDRESS],
        clusterCIDR: '10.244.0.0/16',
        ...options,
      })
      return proxy
    },
    async remove() {
      await Promise.all([node, outside, ...podSpaces].map(namespace => namespace.remove()))
    },
  }
}

/** Hairpin mode as the CNI bridge plugin sets it: a Pod may reach itself through the bridge. */
async function attachPod(node: TestNamespace, pod: TestNamespace, i: number): Promise<void> {
  await joinNamespaces(
    { namespace: node, link: `veth${i}` },
    { namespace: pod, link: 'eth0', addresses: [`${podAddress(i)}/24`] },
  )
  await node.run('ip', 'link', 'set', `veth${i}`, 'master', 'br0')
  await node.run('bridge', 'link', 'set', 'dev', `veth${i}`, 'hairpin', 'on')
  await pod.run('ip', 'route', 'add', 'default', 'via', '10.244.1.1')
}

/** A Service with one port 80 → 8080, changed by `spec`. */
export function service(name: string, clusterIP: string, spec: object = {}, rest: object = {}) {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name, namespace: 'default' },
    spec: {
      type: 'ClusterIP',
      clusterIP,
      clusterIPs: [clusterIP],
      ports: [{ name: 'http', port: 80, protocol: 'TCP', targetPort: SERVER_PORT }],
      ...spec,
    },
    ...rest,
  }
}

/** The slice of a Service. Endpoints are Pod numbers, or endpoints with conditions. */
export function slice(name: string, endpoints: (number | object)[], protocol = 'TCP') {
  return {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: {
      name: `${name}-slice`,
      namespace: 'default',
      labels: { 'kubernetes.io/service-name': name },
    },
    addressType: 'IPv4',
    ports: [{ name: 'http', port: SERVER_PORT, protocol }],
    endpoints: endpoints.map(endpoint =>
      typeof endpoint === 'number'
        ? { addresses: [podAddress(endpoint)], conditions: { ready: true }, nodeName: 'here' }
        : endpoint,
    ),
  }
}
