import { createSocket } from 'node:dgram'
import { connect } from 'node:net'
import packet from 'dns-packet'
import type { Dns } from '../../node/dns/dns.ts'
import { startDns } from '../../node/dns/dns.ts'
import type { DnsPlugin } from '../../plugins/dns.ts'
import { createFakeInformers, type FakeInformers } from './fake-informers.ts'
import { quietLog } from './log.ts'

export interface TestDns {
  dns: Dns
  informers: FakeInformers & { sync(): void }
  port: number
  /** One question over UDP (or TCP); rejects after a second without an answer. */
  ask(name: string, type?: string, options?: AskOptions): Promise<Answer>
  /** `TYPE data` of each answer, in their order. */
  answers(name: string, type?: string, options?: AskOptions): Promise<string[]>
}

export interface AskOptions {
  tcp?: boolean
  /** EDNS size; no EDNS without it. */
  udpSize?: number
}

export type Answer = packet.DecodedPacket & { rcode: string }

/** A server of a test's own on a free port of 127.0.0.1; stopped with the test. */
export async function startTestDns(
  t: { teardown(fn: () => unknown): void },
  corefile: string,
  options: { synced?: boolean; plugins?: DnsPlugin[]; log?: typeof quietLog } = {},
): Promise<TestDns> {
  const informers = createFakeInformers({ synced: options.synced ?? true })
  const dns = await startDns({
    informers,
    corefile,
    listen: [{ address: '127.0.0.1', port: 0 }],
    clusterDomain: 'cluster.local',
    log: options.log ?? quietLog,
    signal: new AbortController().signal,
    ...(options.plugins && { plugins: options.plugins }),
  })
  t.teardown(() => dns.stop())
  const { port } = dns.addresses[0]!
  const ask = (name: string, type = 'A', asked: AskOptions = {}) => askServer(port, name, type, asked)
  return {
    dns,
    informers,
    port,
    ask,
    answers: async (name, type, asked) => ((await ask(name, type, asked)).answers ?? []).map(describeRecord),
  }
}

export function describeRecord(record: packet.Answer): string {
  const { type, data } = record as unknown as { type: string; data: any }
  if (type === 'SRV') return `SRV ${data.priority} ${data.weight} ${data.port} ${data.target}`
  return `${type} ${Array.isArray(data) ? data.join('') : data}`
}

export async function askServer(
  port: number,
  name: string,
  type: string,
  options: AskOptions,
): Promise<Answer> {
  const id = Math.floor(Math.random() * 65_536)
  const opt = { type: 'OPT', name: '.', udpPayloadSize: options.udpSize, flags: 0, options: [] }
  const query = packet.encode({
    type: 'query',
    id,
    flags: packet.RECURSION_DESIRED,
    questions: [{ name, type: type as never }],
    ...(options.udpSize && { additionals: [opt as never] }),
  })
  const reply = options.tcp ? (await sendTcp(port, [query]))[0]! : await sendUdp(port, query)
  if (!reply) throw new Error(`no answer for ${name}`)
  const decoded = packet.decode(reply) as Answer
  if (decoded.id !== id) throw new Error('the answer has another id')
  return decoded
}

/** Sends bytes and gives what comes back; undefined when nothing does. */
export function sendUdp(port: number, message: Buffer, timeout = 60_000): Promise<Buffer | undefined> {
  const socket = createSocket('udp4')
  return new Promise<Buffer | undefined>((resolve, reject) => {
    const timer = setTimeout(resolve, timeout, undefined)
    socket.on('error', reject)
    socket.on('message', bytes => {
      clearTimeout(timer)
      resolve(bytes)
    })
    socket.send(message, port, '127.0.0.1')
  }).finally(() => socket.close())
}

/** Sends all at once on one connection and gives as many replies, in the order they come. */
export function sendTcp(port: number, messages: Buffer[]): Promise<Buffer[]> {
  const socket = connect(port, '127.0.0.1')
  const replies: Buffer[] = []
  let received = Buffer.alloc(0)
  return new Promise<Buffer[]>((resolve, reject) => {
    socket.setTimeout(60_000, () => reject(new Error('no answer over TCP')))
    socket.on('error', reject)
    socket.on('data', bytes => {
      received = Buffer.concat([received, bytes])
      while (received.length >= 2 && received.length >= 2 + received.readUInt16BE(0)) {
        const end = 2 + received.readUInt16BE(0)
        replies.push(received.subarray(2, end))
        received = received.subarray(end)
      }
      if (replies.length >= messages.length) resolve(replies)
    })
    const framed = messages.flatMap(message => {
      const length = Buffer.alloc(2)
      length.writeUInt16BE(message.length)
      return [length, message]
    })
    socket.write(Buffer.concat(framed))
  }).finally(() => socket.destroy())
}
