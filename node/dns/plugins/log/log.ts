import type { DnsPlugin, DnsQuery, DnsReply } from '../../../../plugins/dns.ts'
import type { Logger } from '../../../../plugins/plugin.ts'
import { isNegative } from '../../replies.ts'
import { findZone } from '../../wire/names.ts'

/** Kinds of replies that may be chosen. */
export type LogClass = 'success' | 'denial' | 'error' | 'all'

export interface LogRule {
  zones: string[]
  format: string
  classes: Set<LogClass>
}

export const COMMON_FORMAT =
  '{remote}:{port} - {>id} "{type} {class} {name} {proto} {size} {>do} {>bufsize}" {rcode} {>rflags} {rsize} {duration}'
export const COMBINED_FORMAT = `${COMMON_FORMAT} "{>opcode}"`

/** Logs each query with what became of it. */
export function createLog(rules: LogRule[], log: Logger): DnsPlugin {
  const write = (rule: LogRule, query: DnsQuery, reply: DnsReply | undefined, started: number): void => {
    if (!rule.classes.has('all') && !rule.classes.has(classOf(reply))) return
    log.info({}, formatLine(rule.format, query, reply, (performance.now() - started) / 1000))
  }
  return {
    name: 'log',
    resolve(query, next) {
      const rule = rules.find(({ zones }) => findZone(query.name, zones) !== undefined)
      if (!rule) return next(query)
      const started = performance.now()
      const done = (reply: DnsReply): DnsReply => {
        write(rule, query, reply, started)
        return reply
      }
      const failed = (error: unknown): never => {
        write(rule, query, undefined, started)
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

function classOf(reply: DnsReply | undefined): LogClass {
  if (!reply) return 'error'
  if (isNegative(reply)) return 'denial'
  return reply.rcode === 'NOERROR' ? 'success' : 'error'
}

/** Replaces `{words}`; unknown ones become `-`. */
export function formatLine(
  format: string,
  query: DnsQuery,
  reply: DnsReply | undefined,
  seconds: number,
): string {
  const { client } = query
  const words: Record<string, string | number> = {
    remote: client.address.includes(':') ? `[${client.address}]` : client.address,
    port: client.port,
    proto: client.protocol,
    '>id': query.id,
    type: query.type,
    class: query.class,
    name: `${query.name}.`,
    size: query.size,
    '>do': String(query.dnssecOk),
    '>bufsize': query.maxSize,
    '>opcode': 0,
    rcode: reply?.rcode ?? 'SERVFAIL',
    '>rflags': reply ? flags(query, reply) : '-',
    rsize: reply ? reply.answers.length + reply.authorities.length + reply.additionals.length : 0,
    duration: `${seconds.toFixed(6)}s`,
    common: '',
    combined: '',
  }
  return format.replace(/\{([^}]+)\}/g, (_, word: string) => String(words[word] ?? '-'))
}

function flags(query: DnsQuery, reply: DnsReply): string {
  const set = [
    'qr',
    reply.authoritative && 'aa',
    reply.truncated && 'tc',
    query.recursionDesired && 'rd',
    reply.recursionAvailable && 'ra',
  ]
  return set.filter(Boolean).join(',')
}
