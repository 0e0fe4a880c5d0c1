import { randomInt } from 'node:crypto'
import { createSocket } from 'node:dgram'
import { readFile } from 'node:fs/promises'
import packet from 'dns-packet'
import type { DnsPlugin, DnsQuestion, DnsRecord, DnsReply } from '../../../plugins/dns.ts'

const DEADLINE = 2_000
const STUB_RESOLVED = '/run/systemd/resolve/resolv.conf'

/** Asks the node's own resolvers about names outside the cluster. Without any, says SERVFAIL at once. */
export function forwardPlugin(upstreams: () => Promise<string[]>): DnsPlugin {
  return {
    name: 'forward',
    async resolve(question) {
      for (const upstream of await upstreams()) {
        const reply = await ask(upstream, question).catch(() => undefined)
        if (reply) return reply
      }
      return { rcode: 'SERVFAIL', answers: [] }
    },
  }
}

/** The node's resolvers. A stub on loopback (127.0.0.53) would ask us again: its real upstreams are taken instead. */
export async function nodeResolvers(own: string[]): Promise<string[]> {
  const usable = (servers: string[]): string[] =>
    servers.filter(server => !server.startsWith('127.') && !own.includes(server))
  const first = usable(await readServers('/etc/resolv.conf'))
  return first.length > 0 ? first : usable(await readServers(STUB_RESOLVED))
}

async function readServers(path: string): Promise<string[]> {
  const text = await readFile(path, 'utf8').catch(() => '')
  return [...text.matchAll(/^nameserver\s+(\d+\.\d+\.\d+\.\d+)/gm)].map(match => match[1]!)
}

function ask(server: string, { name, type }: DnsQuestion): Promise<DnsReply> {
  const id = randomInt(65_536)
  const query = packet.encode({
    type: 'query',
    id,
    flags: packet.RECURSION_DESIRED,
    questions: [{ type: type as never, name }],
  })
  const socket = createSocket('udp4')
  return new Promise<DnsReply>((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`${server} did not answer`)), DEADLINE)
    socket.on('error', reject)
    socket.on('message', message => {
      const answer = packet.decode(message)
      if (answer.id !== id) return
      clearTimeout(timer)
      const { rcode } = answer as unknown as { rcode: DnsReply['rcode'] }
      resolve({
        rcode,
        answers: (answer.answers ?? []) as DnsRecord[],
        authorities: (answer.authorities ?? []) as DnsRecord[],
      })
    })
    socket.send(query, 53, server)
  }).finally(() => socket.close())
}
