import { Counter, Histogram, type Registry } from 'prom-client'
import type { DnsPlugin, DnsQuery, DnsReply } from '../../../../plugins/dns.ts'
import { findZone } from '../../wire/names.ts'

const USUAL_TYPES = new Set('A AAAA CNAME DNSKEY DS HTTPS MX NS NSEC PTR RRSIG SOA SRV TXT ANY'.split(' '))

/** Counts and times queries, under the names CoreDNS gives them. */
export function createPrometheus(zones: string[], registry: Registry): DnsPlugin {
  const { requests, responses, durations } = measurements(registry)
  const record = (query: DnsQuery, rcode: string, started: number): void => {
    const zone = `${findZone(query.name, zones) ?? 'dropped'}.`
    const type = USUAL_TYPES.has(query.type) ? query.type : 'other'
    requests.inc({ zone, proto: query.client.protocol, type })
    responses.inc({ zone, rcode })
    durations.observe({ zone }, (performance.now() - started) / 1000)
  }
  return {
    name: 'prometheus',
    resolve(query, next) {
      const started = performance.now()
      const done = (reply: DnsReply): DnsReply => {
        record(query, reply.rcode, started)
        return reply
      }
      const failed = (error: unknown): never => {
        record(query, 'SERVFAIL', started)
        throw error
      }
      try {
        const reply = next(query)
        return reply instanceof Promise ? reply.then(done, failed) : done(reply)
      } catch (error) {
        return failed(error)
      }
    },
  }
}

interface Measurements {
  requests: Counter
  responses: Counter
  durations: Histogram
}

/** The measurements of a registry are made once, however many blocks use the plugin. */
function measurements(registry: Registry): Measurements {
  const known = made.get(registry)
  if (known) return known
  const registers = [registry]
  const fresh = {
    requests: new Counter({
      name: 'coredns_dns_requests_total',
      help: 'Queries by zone, protocol and type',
      labelNames: ['zone', 'proto', 'type'],
      registers,
    }),
    responses: new Counter({
      name: 'coredns_dns_responses_total',
      help: 'Replies by zone and response code',
      labelNames: ['zone', 'rcode'],
      registers,
    }),
    durations: new Histogram({
      name: 'coredns_dns_request_duration_seconds',
      help: 'Seconds a query took',
      labelNames: ['zone'],
      buckets: Array.from({ length: 16 }, (_, i) => 0.00025 * 2 ** i),
      registers,
    }),
  }
  made.set(registry, fresh)
  return fresh
}

const made = new WeakMap<Registry, Measurements>()
