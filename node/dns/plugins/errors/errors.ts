import type { DnsPlugin, DnsQuery } from '../../../../plugins/dns.ts'
import type { Logger } from '../../../../plugins/plugin.ts'

/** Errors whose message matches are counted and told once per period. */
export interface Consolidation {
  pattern: RegExp
  /** Seconds. */
  period: number
}

/** Logs what plugins behind it throw, with the question; the client's SERVFAIL is made by the server. */
export function createErrors(consolidations: Consolidation[], log: Logger): DnsPlugin & { stop(): void } {
  const counters = consolidations.map(consolidation => createCounter(consolidation, log))
  const report = (query: DnsQuery, error: Error): void => {
    // The server's own questions (from port 0) have somebody who looks at what became of them.
    if (query.client.port === 0) return
    if (counters.some(counter => counter.count(error.message))) return
    log.error({ name: query.name, type: query.type, error: error.message }, 'a DNS query failed')
  }
  return {
    name: 'errors',
    resolve(query, next) {
      const failed = (error: Error): never => {
        report(query, error)
        throw error
      }
      try {
        const reply = next(query)
        return reply instanceof Promise ? reply.catch(failed) : reply
      } catch (error) {
        return failed(error as Error)
      }
    },
    stop() {
      for (const counter of counters) counter.stop()
    },
  }
}

function createCounter({ pattern, period }: Consolidation, log: Logger) {
  let seen = 0
  let timer: NodeJS.Timeout | undefined
  const tell = (): void => {
    log.error({ times: seen, pattern: pattern.source, period }, 'DNS queries failed')
    seen = 0
    timer = undefined
  }
  return {
    count(message: string): boolean {
      if (!pattern.test(message)) return false
      seen += 1
      timer ??= setTimeout(tell, period * 1000).unref()
      return true
    },
    stop: () => clearTimeout(timer),
  }
}
