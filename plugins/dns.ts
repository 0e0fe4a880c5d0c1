/**
 * The DNS seam: a server is a chain of plugins. Each is handed a query and either answers it or hands it on to the next,
 * and may look at or replace what comes back. The order is one table (`node/dns/plugins/order.ts`); which of them run for
 * which zones is the Corefile's to say.
 */

/** Names of response codes, as in RFC 1035 and RFC 2136. */
export type Rcode =
  | 'NOERROR'
  | 'FORMERR'
  | 'SERVFAIL'
  | 'NXDOMAIN'
  | 'NOTIMP'
  | 'REFUSED'
  | 'YXDOMAIN'
  | 'YXRRSET'
  | 'NXRRSET'
  | 'NOTAUTH'
  | 'NOTZONE'

/**
 * A resource record. Names have no dot at the end. `data` depends on the type: an address for A and AAAA; a name for
 * CNAME, NS and PTR; a string, a Buffer or a list of them for TXT; `{ priority, weight, port, target }` for SRV;
 * `{ preference, exchange }` for MX; `{ mname, rname, serial, refresh, retry, expire, minimum }` for SOA; for all others
 * what the package dns-packet makes of them (`UNKNOWN_65` and the like are Buffers).
 */
export interface DnsRecord {
  name: string
  type: string
  class: string
  /** Seconds. */
  ttl: number
  data: any
}

/** Who asks, and how. */
export interface DnsClient {
  address: string
  port: number
  protocol: 'udp' | 'tcp'
}

/** One question. Shared by all plugins: a plugin that wants to change it hands on a copy. */
export interface DnsQuery {
  readonly id: number
  /** In lower case, without the dot at the end; '' for the root. The answer repeats the client's own spelling. */
  readonly name: string
  /** `A`, `SRV` …; `UNKNOWN_n` for a type without a name. */
  readonly type: string
  /** `IN`, rarely another. */
  readonly class: string
  readonly client: DnsClient
  readonly recursionDesired: boolean
  /** The client wants signatures (EDNS flag DO). */
  readonly dnssecOk: boolean
  /** Bytes an answer may have: 65,535 over TCP. The server truncates; plugins need not care. */
  readonly maxSize: number
  /** Bytes the query had. */
  readonly size: number
  /** How many aliases the server followed by itself to come to this question; absent for what a client asked. */
  readonly hops?: number
}

/** One answer. Whoever has it from {@link DnsNext} may not change it (it may be a cache's): copy it first. */
export interface DnsReply {
  rcode: Rcode
  /** It comes from who is in charge of the zone. */
  authoritative?: boolean
  recursionAvailable?: boolean
  authenticData?: boolean
  /** Records are missing because they did not fit; the server sets it too. */
  truncated?: boolean
  answers: DnsRecord[]
  authorities: DnsRecord[]
  additionals: DnsRecord[]
}

export type MaybePromise<T> = T | Promise<T>

/** Asks the rest of the chain. The end of a chain answers REFUSED. */
export type DnsNext = (query: DnsQuery) => MaybePromise<DnsReply>

/**
 * A started DNS plugin.
 */
export interface DnsPlugin {
  /** Also the word by which a Corefile names it. */
  readonly name: string
  /**
   * Called for every query of the zones it is configured for, many at once. Three things may be done:
   * - answer: return a reply. Whatever its rcode, it is the answer; nobody behind is asked.
   * - hand on: return `next(query)`, with the query as it came or a copy that differs; and maybe copy what comes back
   *   and return something else. Return plainly (no promise) where that is possible: a reply that needs nobody else's
   *   time is then sent without a turn of the event loop.
   * - return undefined: the same as `next(query)`. A plugin in a process of its own gets no `next` and does it so.
   *
   * A plugin that answers for a zone and does not know a name answers NXDOMAIN (or NOERROR without answers, when the
   * name has other types) with the zone's SOA as authority; it hands on only where its configuration says
   * `fallthrough`. Throw when no answer can be given: the client gets SERVFAIL, the plugin `errors` logs the message
   * (do not log yourself), and nothing has to be cleaned up.
   */
  resolve(query: DnsQuery, next: DnsNext): MaybePromise<DnsReply | undefined>
  /** False until it can answer, asked by `ready`. Once true it is not asked again. Without the method it is always ready. */
  isReady?(): boolean
  /** Called once when the server stops or its configuration is replaced. Calls under way go on to their end. */
  stop?(): Promise<void> | void
}
