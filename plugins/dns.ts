/** A question as it was asked; `name` is in lower case without a final dot. */
export interface DnsQuestion {
  name: string
  type: string
}

/** A resource record in dns-packet's words. */
export interface DnsRecord {
  name: string
  type: string
  ttl: number
  data: unknown
}

/** What is sent back. */
export interface DnsReply {
  rcode: 'NOERROR' | 'NXDOMAIN' | 'SERVFAIL' | 'REFUSED'
  /** True for what this server is the authority of. */
  authoritative?: boolean
  answers: DnsRecord[]
  authorities?: DnsRecord[]
  additionals?: DnsRecord[]
}

/**
 * A link of the DNS server's chain. A plugin answers, or asks the next one (and may look at or change a copy of what it
 * says). Throwing is answered with SERVFAIL and logged with the plugin's name.
 */
export interface DnsPlugin {
  readonly name: string
  resolve(question: DnsQuestion, next: () => Promise<DnsReply>): Promise<DnsReply> | DnsReply
  /** False while it cannot answer well yet; the server says so to readiness probes. */
  ready?(): boolean
}
