/**
 * A whole DNS plugin in one file: tells a client its own address and port under one name. In the node's configuration:
 *
 *     dns:
 *       plugins: [{ name: whoami, source: ./whoami.ts, config: { name: whoami.example } }]
 *       corefile: |
 *         .:53 {
 *           whoami
 *           kubernetes cluster.local in-addr.arpa ip6.arpa
 *           forward . /etc/resolv.conf
 *         }
 *
 * What it does not know it leaves to those behind it. Without `isolation: none` it runs in a process of its own.
 */
import type { DnsPlugin, DnsRecord, DnsReply } from '../dns.ts'
import { definePlugin } from '../plugin.ts'

const TTL = 0

export default definePlugin({
  type: 'dns',
  name: 'whoami',
  version: '1.0.0',
  start: ({ config }): DnsPlugin => {
    const name = String(config.name ?? 'whoami.example').toLowerCase()
    return {
      name: 'whoami',
      resolve({ name: asked, type, client }) {
        if (asked !== name) return undefined
        const record = (of: string, data: DnsRecord['data']): DnsRecord[] =>
          type === of ? [{ name, type, class: 'IN', ttl: TTL, data }] : []
        const family = client.address.includes(':') ? 'AAAA' : 'A'
        return answer([...record(family, client.address), ...record('TXT', `port ${client.port}`)])
      },
    }
  },
})

/** A name that has no record of the type asked for is there all the same: NOERROR without answers. */
const answer = (answers: DnsRecord[]): DnsReply => ({
  rcode: 'NOERROR',
  authoritative: true,
  answers,
  authorities: [],
  additionals: [],
})
