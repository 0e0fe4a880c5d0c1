import type { DnsPlugin, DnsQuery, DnsRecord, DnsReply } from '../../../../plugins/dns.ts'
import type { Rule } from './rules.ts'

/** A rule and whether those after it are looked at too once it matched. */
export interface RewriteStep {
  rule: Rule
  continues: boolean
}

/** Changes questions before they are answered, and answers back. */
export function createRewrite(steps: RewriteStep[]): DnsPlugin {
  return {
    name: 'rewrite',
    resolve(original, next) {
      const { query, restores } = rewrite(original, steps)
      if (query === original && restores.length === 0) return next(query)
      const restore = (reply: DnsReply): DnsReply => ({
        ...reply,
        answers: reply.answers.map(record => applyAll(restores, record)),
        additionals: reply.additionals.map(record => applyAll(restores, record)),
      })
      const reply = next(query)
      return reply instanceof Promise ? reply.then(restore) : restore(reply)
    },
  }
}

type Restore = (record: DnsRecord) => DnsRecord

function rewrite(original: DnsQuery, steps: RewriteStep[]): { query: DnsQuery; restores: Restore[] } {
  const restores: Restore[] = []
  let query = original
  for (const { rule, continues } of steps) {
    const found = rule(query)
    if (!found) continue
    query = found.query
    if (found.restore) restores.unshift(found.restore)
    if (!continues) break
  }
  return { query, restores }
}

const applyAll = (restores: Restore[], record: DnsRecord): DnsRecord =>
  restores.reduce((changed, restore) => restore(changed), record)
