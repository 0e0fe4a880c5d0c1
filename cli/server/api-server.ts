import { spawn } from 'node:child_process'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { openAuditLog } from '../../control-plane/apiserver/audit-log.ts'
import { serviceAddress } from '../../control-plane/apiserver/bootstrap/kubernetes-service.ts'
import { startApiServer } from '../../control-plane/apiserver/server.ts'
import { ensurePki, type Pki, writeKubeconfig } from '../../control-plane/auth/pki.ts'
import { embeddedRedis } from '../../control-plane/store/embedded-redis.ts'
import { openStore } from '../../control-plane/store/redis-store.ts'
import type { Logger } from '../../plugins/plugin.ts'
import type { CompleteServerOptions } from './options.ts'

/** Runs an API server until the signal aborts; with a Redis of its own unless a store is named. */
export async function runApiServer(
  options: CompleteServerOptions,
  log: Logger,
  signal: AbortSignal,
): Promise<void> {
  const pki = await clusterPki(options)
  const url = options.store ?? (await startRedis(options))
  const store = await openStore({ url, log })
  const auditLog = options.auditLogPath ? await openAuditLog(options.auditLogPath, log) : undefined
  const { maxRequestsInflight, maxMutatingRequestsInflight } = options
  const server = await startApiServer({
    store,
    pki,
    bindAddress: options.bind,
    port: options.port,
    advertiseAddress: options.advertise,
    serviceCIDR: options.serviceCidr,
    clusterDomain: options.clusterDomain,
    ...(auditLog && { audit: auditLog.write }),
    limits: {
      ...(maxRequestsInflight !== undefined && { reading: maxRequestsInflight }),
      ...(maxMutatingRequestsInflight !== undefined && { mutating: maxMutatingRequestsInflight }),
    },
    log,
    signal,
  })
  const address = options.bind === '0.0.0.0' ? options.advertise : options.bind
  await writeIdentities(options, pki, `https://${address}:${server.port}`)
  console.log(
    `API server ready at https://${address}:${server.port} (kubeconfig: ${join(options.data, 'admin.kubeconfig')})`,
  )
  await new Promise<void>(done => signal.addEventListener('abort', () => done(), { once: true }))
  await server.stop()
  await auditLog?.close()
  await store.close()
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

/** A Redis that ends with this process. */
async function startRedis({ data }: CompleteServerOptions): Promise<string> {
  const redis = await embeddedRedis(join(data, 'redis'))
  const child = spawn('setpriv', ['--pdeathsig', 'TERM', ...redis.command], { stdio: 'ignore' })
  process.on('exit', () => child.kill())
  return redis.url
}
