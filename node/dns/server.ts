import { createSocket, type Socket as UdpSocket } from 'node:dgram'
import { createServer, type Server, type Socket } from 'node:net'
import packet from 'dns-packet'
import type { DnsPlugin, DnsReply } from '../../plugins/dns.ts'
import type { Logger } from '../../plugins/plugin.ts'

/** What a client without EDNS takes over UDP, and the most we send to any. */
const PLAIN_SIZE = 512
const LARGEST_SIZE = 1_232
const TCP_IDLE = 10_000
const RCODES: Record<DnsReply['rcode'], number> = { NOERROR: 0, SERVFAIL: 2, NXDOMAIN: 3, REFUSED: 5 }
const FORMERR = 1

/** Listens on an address over UDP and TCP and answers with a chain of plugins. */
export async function serveDns(
  { address, port }: { address: string; port: number },
  chain: readonly DnsPlugin[],
  log: Logger,
): Promise<{ close(): void }> {
  const udp = createSocket('udp4')
  udp.on('message', (message, { address: client, port: clientPort }) => {
    void answer(message, chain, log, true).then(reply => reply && udp.send(reply, clientPort, client))
  })
  udp.on('error', error => log.warn({ error: error.message }, 'DNS socket failed'))
  const tcp = createServer(socket => serveTcp(socket, chain, log))
  await Promise.all([bindUdp(udp, address, port), listenTcp(tcp, address, port)])
  return {
    close() {
      udp.close()
      tcp.close()
    },
  }
}

const bindUdp = (socket: UdpSocket, address: string, port: number): Promise<void> =>
  new Promise((resolve, reject) => {
    socket.once('error', reject)
    socket.bind(port, address, () => resolve())
  })

const listenTcp = (server: Server, address: string, port: number): Promise<void> =>
  new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, address, resolve)
  })

/** Over TCP each message has its length before it; several may come on one connection. */
function serveTcp(socket: Socket, chain: readonly DnsPlugin[], log: Logger): void {
  let buffered: Buffer = Buffer.alloc(0)
  socket.setTimeout(TCP_IDLE, () => socket.destroy())
  socket.on('error', () => socket.destroy())
  socket.on('data', chunk => {
    buffered = Buffer.concat([buffered, chunk])
    while (buffered.length >= 2 && buffered.length >= 2 + buffered.readUInt16BE(0)) {
      const end = 2 + buffered.readUInt16BE(0)
      const message = buffered.subarray(2, end)
      buffered = buffered.subarray(end)
      void answer(message, chain, log, false).then(reply => {
        if (!reply) return
        const length = Buffer.alloc(2)
        length.writeUInt16BE(reply.length)
        socket.write(Buffer.concat([length, reply]))
      })
    }
  })
}

async function answer(
  message: Buffer,
  chain: readonly DnsPlugin[],
  log: Logger,
  isUdp: boolean,
): Promise<Buffer | undefined> {
  const query = decode(message)
  if (query?.type !== 'query') return undefined
  const [question] = query.questions ?? []
  if (!question) return encode(query, FORMERR, { rcode: 'SERVFAIL', answers: [] })
  const asked = { name: question.name.toLowerCase().replace(/\.$/, ''), type: question.type }
  const reply = await resolve(chain, 0, asked, log)
  const named = {
    ...reply,
    answers: reply.answers.map(record =>
      record.name === asked.name ? { ...record, name: question.name } : record,
    ),
  }
  const bytes = encode(query, RCODES[reply.rcode] ?? RCODES.SERVFAIL, named)
  if (!isUdp || bytes.length <= sizeLimit(query)) return bytes
  return encode(
    query,
    RCODES[reply.rcode],
    { ...named, answers: [], authorities: [], additionals: [] },
    packet.TRUNCATED_RESPONSE,
  )
}

function decode(message: Buffer): packet.DecodedPacket | undefined {
  try {
    return packet.decode(message)
  } catch {
    return undefined
  }
}

/** What the client says it takes (EDNS0), within reason. */
function sizeLimit({ additionals = [] }: packet.Packet): number {
  const options = additionals.find(({ type }) => type === 'OPT') as { udpPayloadSize?: number } | undefined
  return options
    ? Math.min(Math.max(options.udpPayloadSize ?? PLAIN_SIZE, PLAIN_SIZE), LARGEST_SIZE)
    : PLAIN_SIZE
}

async function resolve(
  chain: readonly DnsPlugin[],
  at: number,
  question: { name: string; type: string },
  log: Logger,
): Promise<DnsReply> {
  const plugin = chain[at]
  if (!plugin) return { rcode: 'REFUSED', answers: [] }
  try {
    return await plugin.resolve(question, () => resolve(chain, at + 1, question, log))
  } catch (error) {
    log.warn(
      { plugin: plugin.name, name: question.name, error: (error as Error).message },
      'DNS plugin failed',
    )
    return { rcode: 'SERVFAIL', answers: [] }
  }
}

function encode(query: packet.Packet, rcode: number, reply: DnsReply, flags = 0): Buffer {
  const { answers, authorities = [], additionals = [], authoritative } = reply
  const hasEdns = (query.additionals ?? []).some(({ type }) => type === 'OPT')
  const edns = { type: 'OPT', name: '.', udpPayloadSize: LARGEST_SIZE, flags: 0, options: [] }
  const recursion = ((query.flags ?? 0) & packet.RECURSION_DESIRED) | packet.RECURSION_AVAILABLE
  return packet.encode({
    type: 'response',
    id: query.id ?? 0,
    flags: recursion | (authoritative ? packet.AUTHORITATIVE_ANSWER : 0) | flags | rcode,
    questions: query.questions ?? [],
    answers: answers as never,
    authorities: authorities as never,
    additionals: [...additionals, ...(hasEdns ? [edns] : [])] as never,
  })
}
