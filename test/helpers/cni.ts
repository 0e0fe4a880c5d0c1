import { fileURLToPath } from 'node:url'
import type { CniAnswer, CniCall } from '../fixtures/cni-node.ts'
import { createNamespace, type TestNamespace, type TestProgram } from './namespaces.ts'

const FIXTURE = fileURLToPath(new URL('../fixtures/cni-node.ts', import.meta.url))
/** Our executables, made at set-up. */
export const CNI_BIN = fileURLToPath(new URL('../../dist/cni/bin', import.meta.url))

/** A node made of a namespace, whose CNI executables are called as a container runtime does. */
export interface CniNode {
  namespace: TestNamespace
  caller: TestProgram
  /** A network namespace for a sandbox; gone with the node. */
  createSandbox(): Promise<TestNamespace>
  /** Calls one of our executables for a sandbox. Without a daemon the Node program does the work. */
  call(
    command: string,
    plugin: string,
    config: object,
    sandbox?: { id: string; namespace?: TestNamespace; ifname?: string },
  ): Promise<CniAnswer & { answer: any }>
  remove(): Promise<void>
}

/** `socket` is where the executables look for the daemon; `serve` starts it in a process of the node's. */
export async function createCniNode({ socket, serve }: { socket: string; serve: boolean }): Promise<CniNode> {
  const namespace = await createNamespace('node')
  const sandboxes: TestNamespace[] = []
  const caller = namespace.start(FIXTURE)
  if (serve) await namespace.start(FIXTURE).call('serve', socket)
  return {
    namespace,
    caller,
    async createSandbox() {
      const sandbox = await createNamespace('pod')
      sandboxes.push(sandbox)
      return sandbox
    },
    async call(command, plugin, config, sandbox) {
      const call: CniCall = {
        program: `${CNI_BIN}/${plugin}`,
        env: {
          CNI_COMMAND: command,
          CNI_PATH: CNI_BIN,
          CNI_CONTAINERID: sandbox?.id ?? '',
          CNI_NETNS: sandbox?.namespace ? `/run/netns/${sandbox.namespace.name}` : '',
          CNI_IFNAME: sandbox?.ifname ?? 'eth0',
          SKIFF_CNI_SOCKET: socket,
        },
        config: { cniVersion: '1.0.0', name: 'net', type: plugin, ...config },
      }
      const given: CniAnswer = await caller.call('call', call)
      return { ...given, answer: given.output === '' ? undefined : JSON.parse(given.output) }
    },
    async remove() {
      for (const sandbox of sandboxes.reverse()) await sandbox.remove()
      await namespace.remove()
    },
  }
}
