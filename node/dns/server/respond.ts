import type { DnsClient, DnsNext, DnsReply, MaybePromise } from '../../../plugins/dns.ts'
import { emptyReply } from '../replies.ts'
import { isUnanswerable, MalformedQueryError, readQuery, type WireQuery } from '../wire/query.ts'
import { encodeBadVersion, encodeHeaderOnly, encodeReply } from '../wire/reply.ts'

const FORMERR = 1
const REFUSED_TYPES = new Set(['AXFR', 'IXFR'])

/**
 * Turns the bytes of a query into those of its reply; undefined for what must not be answered. Never throws: what fails
 * is SERVFAIL.
 */
export function respond(message: Buffer, client: DnsClient, ask: DnsNext): MaybePromise<Buffer | undefined> {
  if (isUnanswerable(message)) return undefined
  let query: WireQuery
  try {
    query = readQuery(message, client)
  } catch (error) {
    if (error instanceof MalformedQueryError) return encodeHeaderOnly(message, FORMERR)
    throw error
  }
  if (query.edns && query.edns.version !== 0) return encodeBadVersion(query)
  const refusal = refuseUnserved(query)
  if (refusal) return encode(query, refusal)
  try {
    const reply = ask(query)
    return reply instanceof Promise
      ? reply.then(
          found => encode(query, found),
          () => encode(query, emptyReply('SERVFAIL')),
        )
      : encode(query, reply)
  } catch {
    return encode(query, emptyReply('SERVFAIL'))
  }
}

function refuseUnserved({ opcode, class: klass, type }: WireQuery): DnsReply | undefined {
  if (opcode !== 0) return emptyReply('NOTIMP')
  if (klass !== 'IN' && klass !== 'ANY' && klass !== 'CH') return emptyReply('REFUSED')
  return REFUSED_TYPES.has(type) ? emptyReply('REFUSED') : undefined
}

/** A plugin may give records that cannot be written. */
function encode(query: WireQuery, reply: DnsReply): Buffer {
  try {
    return encodeReply(query, reply)
  } catch {
    return encodeReply(query, emptyReply('SERVFAIL'))
  }
}
