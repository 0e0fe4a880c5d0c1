import { readFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Client } from '../../api/client/client.ts'
import { createInformerFactory } from '../../api/client/informer.ts'
import { loadKubeconfig } from '../../api/client/kubeconfig.ts'
import { createClient } from '../../api/client/rest-client.ts'
import type { Logger } from '../../plugins/plugin.ts'
import { workAsLeader } from './leadership.ts'
import type { CompleteServerOptions, ServerPart } from './options.ts'

const RETRY = 50

const RUN = { controllers: runControllers, scheduler: runScheduler, overlay: runOverlay }

/**
 * Runs parts of the control plane, each as its own identity, until the signal aborts. Routes to Pods share the
 * controllers' process by default (a process costs 50 MB before it does anything), as upstream's route controller does.
 */
export async function runComponents(
  parts: Exclude<ServerPart, 'apiserver'>,
  options: CompleteServerOptions,
  log: Logger,
  signal: AbortSignal,
): Promise<void> {
  const names = parts.split(',') as (keyof typeof RUN)[]
  await Promise.all(names.map(name => RUN[name](options, log, signal)))
}

async function runControllers(
  options: CompleteServerOptions,
  log: Logger,
  signal: AbortSignal,
): Promise<void> {
  const client = await connect(options, 'controller-manager', signal)
  const { startControllers } = await import('../../control-plane/controllers/controllers.ts')
  const rootCA = await readFile(join(options.data, 'pki', 'ca.crt'), 'utf8')
  await workAsLeader('kube-controller-manager', client, options, signal, leading =>
    startControllers({ client, clusterCIDR: options.clusterCidr, rootCA, log, signal: leading }),
  )
}

async function runScheduler(options: CompleteServerOptions, log: Logger, signal: AbortSignal): Promise<void> {
  const client = await connect(options, 'scheduler', signal)
  const { startScheduler } = await import('../../control-plane/scheduler/scheduler.ts')
  await workAsLeader('kube-scheduler', client, options, signal, leading =>
    startScheduler({ client, log, signal: leading }),
  )
}

/** Routes to the nodes' Pods, so that this host reaches them as every node does. */
async function runOverlay(options: CompleteServerOptions, log: Logger, signal: AbortSignal): Promise<void> {
  const client = await connect(options, 'network', signal)
  const { startNetwork } = await import('../../node/network/network.ts')
  const { default: vxlan } = await import('../../node/network/overlay/plugin.ts')
  const plugin = await vxlan.start({ name: 'vxlan', config: {}, log, signal, dataDir: options.data })
  startNetwork({
    informers: createInformerFactory(client, signal),
    nodeName: hostname(),
    nodeAddress: options.advertise,
    clusterCIDR: options.clusterCidr,
    plugin,
    log,
    signal,
  })
  await new Promise<void>(done => signal.addEventListener('abort', () => done(), { once: true }))
}

/** Waits for the kubeconfig (the API server writes it when it is ready first). */
async function connect({ data }: CompleteServerOptions, name: string, signal: AbortSignal): Promise<Client> {
  while (!signal.aborted) {
    const config = await loadKubeconfig(join(data, `${name}.kubeconfig`)).catch(() => undefined)
    if (config) return createClient({ ...config, userAgent: `skiff-${name}` })
    await sleep(RETRY)
  }
  throw new Error('stopped before the API server was ready')
}
