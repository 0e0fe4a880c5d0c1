import { randomInt } from 'node:crypto'
import { createSocket } from 'node:dgram'
import { connect, isIPv6 } from 'node:net'
import packet from 'dns-packet'
import type { DnsQuery, DnsRecord, DnsReply } from '../../../../plugins/dns.ts'

/** Where an upstream is. */
export interface Upstream {
  address: string
  port: number
}

/** An upstream did not answer, or not what was asked. */
export class UpstreamError extends Error {
  readonly code = 'UPSTREAM'
}

const OUR_UDP_SIZE = 1_232

/** Asks one upstream. What comes back truncated is asked again over TCP. `deadline` in milliseconds for each. */
export async function exchange(
  upstream: Upstream,
  query: Pick<DnsQuery, 'name' | 'type' | 'class' | 'dnssecOk'>,
  options: { forceTcp: boolean; deadline: number },
): Promise<DnsReply> {
  const id = randomInt(65_536)
  const message = encodeQuery(id, query)
  const { deadline } = options
  if (!options.forceTcp) {
    const reply = await exchangeUdp(upstream, message, { id, query, deadline })
    if (!reply.truncated) return reply
  }
  return exchangeTcp(upstream, message, { id, query, deadline })
}

function encodeQuery(id: number, query: Pick<DnsQuery, 'name' | 'type' | 'class' | 'dnssecOk'>): Buffer {
  return packet.encode({
    type: 'query',
    id,
    flags: packet.RECURSION_DESIRED,
    questions: [{ name: query.name || '.', type: query.type as never, class: query.class as never }],
    additionals: [
      {
        type: 'OPT',
        name: '.',
        udpPayloadSize: OUR_UDP_SIZE,
        flags: query.dnssecOk ? packet.DNSSEC_OK : 0,
        options: [],
      } as never,
    ],
  })
}

interface Expected {
  id: number
  query: Pick<DnsQuery, 'name' | 'type'>
  deadline: number
}

/** A socket of its own for each query: a random port is what makes answers hard to forge. */
function exchangeUdp({ address, port }: Upstream, message: Buffer, expected: Expected): Promise<DnsReply> {
  const socket = createSocket(isIPv6(address) ? 'udp6' : 'udp4')
  let timer: NodeJS.Timeout
  return new Promise<DnsReply>((resolve, reject) => {
    const failed = (cause: Error): void =>
      reject(new UpstreamError(`${address}: ${cause.message}`, { cause }))
    timer = setTimeout(() => reject(noAnswer(address, expected)), expected.deadline)
    socket.on('error', failed)
    socket.on('message', bytes => {
      const reply = readReply(bytes, expected)
      if (reply) resolve(reply)
    })
    // Without a route the callback is given the error, whatever its type says.
    socket.connect(port, address, (cause?: Error) => (cause ? failed(cause) : socket.send(message)))
  }).finally(() => {
    clearTimeout(timer)
    socket.close()
  })
}

function exchangeTcp({ address, port }: Upstream, message: Buffer, expected: Expected): Promise<DnsReply> {
  const socket = connect({ host: address, port })
  return new Promise<DnsReply>((resolve, reject) => {
    socket.setTimeout(expected.deadline, () => reject(noAnswer(address, expected)))
    socket.on('error', cause => reject(new UpstreamError(`${address}: ${cause.message}`, { cause })))
    socket.on('close', () => reject(new UpstreamError(`${address} closed the connection`)))
    const length = Buffer.alloc(2)
    length.writeUInt16BE(message.length)
    socket.write(Buffer.concat([length, message]))
    let received: Buffer = Buffer.alloc(0)
    socket.on('data', bytes => {
      received = Buffer.concat([received, bytes])
      if (received.length < 2 || received.length < 2 + received.readUInt16BE(0)) return
      const reply = readReply(received.subarray(2, 2 + received.readUInt16BE(0)), expected)
      if (reply) resolve(reply)
      else reject(new UpstreamError(`${address} answered something else`))
    })
  }).finally(() => socket.destroy())
}

const noAnswer = (address: string, { deadline }: Expected): UpstreamError =>
  new UpstreamError(`${address} did not answer within ${deadline / 1000} s`)

/** Undefined for what is no reply to our question: it may be forged, so we go on waiting. */
function readReply(bytes: Buffer, { id, query }: Expected): DnsReply | undefined {
  let reply: packet.DecodedPacket
  try {
    reply = packet.decode(bytes)
  } catch {
    return undefined
  }
  const [question] = reply.questions ?? []
  if (reply.type !== 'response' || reply.id !== id) return undefined
  if (question && question.name.toLowerCase() !== (query.name || '.') && question.name !== query.name) {
    return undefined
  }
  return {
    rcode: (reply as unknown as { rcode: DnsReply['rcode'] }).rcode,
    recursionAvailable: true,
    authenticData: reply.flag_ad,
    truncated: reply.flag_tc,
    answers: records(reply.answers),
    authorities: records(reply.authorities),
    additionals: records(reply.additionals),
  }
}

/** Without OPT, which is between two neighbours only; names in our spelling. */
function records(section: packet.Answer[] = []): DnsRecord[] {
  const plain = section as unknown as DnsRecord[]
  return plain
    .filter(({ type }) => type !== 'OPT')
    .map(({ name, type, class: klass, ttl, data }) => ({
      name: name === '.' ? '' : name.toLowerCase(),
      type,
      class: klass ?? 'IN',
      ttl,
      data: rootless(data),
    }))
}

/** dns-packet writes the root as `.`. */
function rootless(data: any): any {
  if (data === '.') return ''
  if (typeof data !== 'object' || data === null || Buffer.isBuffer(data) || Array.isArray(data)) return data
  return Object.fromEntries(Object.entries(data).map(([key, value]) => [key, value === '.' ? '' : value]))
}
