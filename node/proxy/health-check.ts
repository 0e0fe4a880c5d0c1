import { createServer, type Server } from 'node:http'
import type { Service } from '../../api/kinds/types.ts'
import type { Logger } from '../../plugins/plugin.ts'

/** What a load balancer may ask a node about one Service. */
export interface HealthCheck {
  namespace: string
  name: string
  port: number
  /** Endpoints of the Service on this node that take connections. */
  localEndpoints: number
}

/** Servers on `healthCheckNodePort` of Services with `externalTrafficPolicy: Local`. */
export interface HealthChecks {
  /** Sets or (undefined) ends the check of one Service (`namespace/name`). */
  set(service: string, check: HealthCheck | undefined): void
  stop(): void
}

/** The port a load balancer asks, for Services that have one. */
export function healthCheckPort({ spec }: Service): number | undefined {
  const isWanted = spec.type === 'LoadBalancer' && spec.externalTrafficPolicy === 'Local'
  return isWanted ? spec.healthCheckNodePort : undefined
}

/** `addresses`: where to listen; the node's. `failed` hears of ports that are taken. */
export function createHealthChecks(options: {
  addresses: string[]
  log: Logger
  failed(check: HealthCheck, error: Error): void
}): HealthChecks {
  const running = new Map<string, { check: HealthCheck; servers: Server[] }>()
  const end = (service: string): void => {
    for (const server of running.get(service)?.servers ?? []) {
      server.close()
      server.closeAllConnections()
    }
    running.delete(service)
  }
  return {
    set(service, check) {
      const known = running.get(service)
      if (known && known.check.port === check?.port) {
        known.check = check
        return
      }
      end(service)
      if (!check) return
      const entry = { check, servers: [] as Server[] }
      running.set(service, entry)
      entry.servers = options.addresses.map(address => listen(address, entry, options.failed))
      options.log.info({ service, port: check.port }, 'answering health checks of a load balancer')
    },
    stop() {
      for (const service of [...running.keys()]) end(service)
    },
  }
}

function listen(
  address: string,
  entry: { check: HealthCheck },
  failed: (check: HealthCheck, error: Error) => void,
): Server {
  const server = createServer((_request, response) => {
    const { namespace, name, localEndpoints } = entry.check
    response.writeHead(localEndpoints > 0 ? 200 : 503, {
      'Content-Type': 'application/json',
      'X-Content-Type-Options': 'nosniff',
      'X-Load-Balancing-Endpoint-Weight': String(localEndpoints),
    })
    response.end(
      JSON.stringify({ service: { namespace, name }, localEndpoints, serviceProxyHealthy: true }, null, '\t'),
    )
  })
  server.on('error', error => failed(entry.check, error))
  server.listen(entry.check.port, address)
  server.unref()
  return server
}
