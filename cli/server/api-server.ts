import { hostname } from 'node:os'
import { join } from 'node:path'
import { serviceAddress } from '../../control-plane/apiserver/bootstrap/kubernetes-service.ts'
import { startApiServer } from '../../control-plane/apiserver/server.ts'
import { ensurePki, type Pki, writeKubeconfig } from '../../control-plane/auth/pki.ts'
import type { Logger } from '../../plugins/plugin.ts'
import { readAdmission } from './admission.ts'
import { type Audit, openAudit } from './audit.ts'
import { lockDataDir } from './data-lock.ts'
import { openServerStore } from './open-store.ts'
import type { CompleteServerOptions } from './options.ts'
import { ownRedis } from './own-redis.ts'
import { supervise } from './supervisor.ts'

/** Runs an API server until the signal aborts; with a Redis of its own unless a store is named. */
export async function runApiServer(
  options: CompleteServerOptions,
  log: Logger,
  signal: AbortSignal,
): Promise<void> {
  const ended = new AbortController()
  const isElsewhere = options.store !== undefined || options.storePlugin !== undefined
  const redis = isElsewhere ? undefined : await startRedis(options, log, ended.signal)
  try {
    await serve({ ...options, ...(redis && { store: redis.url }) }, log, signal)
  } finally {
    ended.abort()
    await redis?.ended
  }
}

async function serve(options: CompleteServerOptions, log: Logger, signal: AbortSignal): Promise<void> {
  const pki = await clusterPki(options)
  const closing = new AbortController()
  const { store, checks, registry } = await openServerStore(options, log, closing.signal)
  let audit: Audit | undefined
  try {
    audit = await openAudit(options, registry, log)
    const admission = await readAdmission(options)
    const served = { store, checks, registry, pki, log, signal, admission }
    const server = await startApiServer({ ...serverOptions(options), ...audit.options, ...served })
    await announce(options, pki, server.port)
    await new Promise<void>(done => signal.addEventListener('abort', () => done(), { once: true }))
    await server.stop()
  } finally {
    await audit?.backend?.close()
    closing.abort()
    await store.close()
  }
}

function serverOptions(options: CompleteServerOptions) {
  const { eventTtl, livezGracePeriod, maxRequestsInflight, maxMutatingRequestsInflight } = options
  return {
    bindAddress: options.bind,
    port: options.port,
    advertiseAddress: options.advertise,
    serviceCIDR: options.serviceCidr,
    clusterDomain: options.clusterDomain,
    ...(eventTtl !== undefined && { eventTtl }),
    ...(livezGracePeriod !== undefined && { livezGracePeriod }),
    hasFairness: options.enablePriorityAndFairness ?? true,
    limits: {
      ...(maxRequestsInflight !== undefined && { reading: maxRequestsInflight }),
      ...(maxMutatingRequestsInflight !== undefined && { mutating: maxMutatingRequestsInflight }),
    },
  }
}

async function announce(options: CompleteServerOptions, pki: Pki, port: number): Promise<void> {
  const url = `https://${options.bind === '0.0.0.0' ? options.advertise : options.bind}:${port}`
  await writeIdentities(options, pki, url)
  console.log(`API server ready at ${url} (kubeconfig: ${join(options.data, 'admin.kubeconfig')})`)
}

/** The cluster's certificates, made at the first start. */
export function clusterPki({ data, advertise, bind, serviceCidr }: CompleteServerOptions): Promise<Pki> {
  return ensurePki(join(data, 'pki'), {
    hostnames: [hostname()],
    addresses: [advertise, ...(bind === '0.0.0.0' ? [] : [bind])],
    serviceAddress: serviceAddress(serviceCidr),
  })
}

/** Kubeconfigs of the admin and of the control plane's own parts. */
export async function writeIdentities({ data }: { data: string }, pki: Pki, server: string): Promise<void> {
  const users = {
    admin: 'kubernetes-admin',
    'controller-manager': 'system:kube-controller-manager',
    scheduler: 'system:kube-scheduler',
    network: 'system:kube-proxy',
  } as const
  await Promise.all(
    Object.entries(users).map(([name, user]) => {
      const client = pki.clients[name as keyof typeof users]
      return writeKubeconfig(join(data, `${name}.kubeconfig`), { server, ca: pki.ca.cert, client, user })
    }),
  )
}

/** A Redis that is kept running until the signal aborts, and ends with this process. */
async function startRedis({ data }: CompleteServerOptions, log: Logger, signal: AbortSignal) {
  await lockDataDir(data, 'server')
  const { url, command, prepare } = await ownRedis(data)
  return { url, ended: supervise([{ name: 'redis', command, prepare, isQuiet: true }], log, signal) }
}
