import { readFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { networkInterfaces } from 'node:os'
import { Address4 } from 'ip-address'
import { UserError } from '../failure.ts'
import { readAdmission } from './admission.ts'
import { checkAudit } from './audit.ts'
import { prepareDataDir } from './data-directory.ts'
import { checkStoreOptions } from './open-store.ts'
import type { CompleteServerOptions, ServerOptions } from './options.ts'

/** Checks the options and fills in what was left out, so that nothing is begun that cannot end well. */
export async function completeOptions(options: ServerOptions): Promise<CompleteServerOptions> {
  checkNetwork('--cluster-cidr', options.clusterCidr)
  checkNetwork('--service-cidr', options.serviceCidr)
  checkLeaderElection(options)
  await readAdmission(options)
  await checkAudit(options)
  await checkStoreOptions(options)
  const data = await prepareDataDir(options.data)
  const serves = !options.only || options.only === 'apiserver'
  if (serves) await checkPortFree(options.bind, options.port)
  return { ...options, data, advertise: options.advertise ?? (await defaultAddress()) }
}

function checkLeaderElection(options: ServerOptions): void {
  const { leaderElectLeaseDuration: lease, leaderElectRenewDeadline: renew } = options
  const { leaderElectRetryPeriod: retry } = options
  if (retry >= 1 && renew > retry && lease > renew) return
  throw new UserError(
    `--leader-elect-lease-duration ${lease}, --leader-elect-renew-deadline ${renew}, --leader-elect-retry-period ${retry}: expected each to be longer than the next, and the last one second or more`,
  )
}

function checkNetwork(option: string, value: string): void {
  if (!Address4.isValid(value) || !value.includes('/')) {
    throw new UserError(`${option} ${value}: expected an IPv4 network such as 10.96.0.0/16`)
  }
}

/** The children find out by themselves too; this says it before anything is started. */
function checkPortFree(address: string, port: number): Promise<void> {
  return new Promise((done, reject) => {
    const probe = createServer()
    probe.on('error', (cause: NodeJS.ErrnoException) => {
      const why = cause.code === 'EADDRINUSE' ? 'is in use' : `cannot be used (${cause.code})`
      reject(
        new UserError(
          `port ${port} on ${address} ${why}`,
          'Stop what listens there, or give another --port.',
        ),
      )
    })
    probe.listen(port, address, () => probe.close(() => done()))
  })
}

/** The address of the interface with the default route, else the first that is not loopback. */
async function defaultAddress(): Promise<string> {
  const routes = (await readFile('/proc/net/route', 'utf8')).split('\n').map(line => line.split('\t'))
  const device = routes.find(fields => fields[1] === '00000000')?.[0]
  const interfaces = networkInterfaces()
  const candidates = [...(device ? (interfaces[device] ?? []) : []), ...Object.values(interfaces).flat()]
  const address = candidates.find(entry => entry?.family === 'IPv4' && !entry.internal)?.address
  return address ?? '127.0.0.1'
}
