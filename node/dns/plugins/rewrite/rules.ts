import type { DnsQuery, DnsRecord } from '../../../../plugins/dns.ts'

/** A rule's effect on a query that it matched, and on the answer. */
export interface Rewritten {
  query: DnsQuery
  /** Turns records of the answer back, so that the client finds what it asked for. */
  restore?(record: DnsRecord): DnsRecord
}

/** Undefined when the rule does not match. */
export type Rule = (query: DnsQuery) => Rewritten | undefined

export type Matcher = (name: string) => string | undefined

const KINDS = ['exact', 'prefix', 'suffix', 'substring', 'regex'] as const
export type MatcherKind = (typeof KINDS)[number]

export const isMatcherKind = (word: string): word is MatcherKind => KINDS.includes(word as MatcherKind)

/** How a name is matched and what becomes of it. In a `regex` replacement `{0}`, `{1}` … are what was found. */
export function createMatcher(kind: MatcherKind, from: string, to: string): Matcher {
  if (kind === 'regex') return matchRegex(new RegExp(from.replace(/\\\.\$$|\.\$$/, '$')), to)
  if (kind === 'exact') return name => (name === from ? to : undefined)
  if (kind === 'prefix') return name => (name.startsWith(from) ? to + name.slice(from.length) : undefined)
  if (kind === 'suffix') {
    return name => (name.endsWith(from) ? name.slice(0, name.length - from.length) + to : undefined)
  }
  return name => (name.includes(from) ? name.replaceAll(from, to) : undefined)
}

function matchRegex(pattern: RegExp, to: string): Matcher {
  return name => {
    const found = pattern.exec(name)
    return found ? to.replace(/\{(\d+)\}/g, (_, n) => found[Number(n)] ?? '').replace(/\.$/, '') : undefined
  }
}

/** `answer auto`: the client sees its own name again in the answer. */
export function nameRule(match: Matcher, restoresAnswer: boolean): Rule {
  return query => {
    const name = match(query.name)
    if (name === undefined) return undefined
    const restore = (record: DnsRecord): DnsRecord =>
      record.name === name ? { ...record, name: query.name } : record
    return { query: { ...query, name }, ...(restoresAnswer && { restore }) }
  }
}

/** `answer name FROM TO`: names in the answer are rewritten, owners and targets alike. */
export function withAnswerRule(rule: Rule, match: Matcher): Rule {
  const rename = (name: unknown): unknown => (typeof name === 'string' ? (match(name) ?? name) : name)
  const restore = (record: DnsRecord): DnsRecord => {
    const isNamed = ['CNAME', 'NS', 'PTR'].includes(record.type)
    const data = isNamed
      ? rename(record.data)
      : record.type === 'SRV'
        ? renameTarget(record.data)
        : record.data
    return { ...record, name: rename(record.name) as string, data }
  }
  const renameTarget = (data: any): any => ({ ...data, target: rename(data.target) })
  return query => {
    const found = rule(query)
    return found && { ...found, restore }
  }
}

export function typeRule(from: string, to: string): Rule {
  return query => (query.type === from ? { query: { ...query, type: to } } : undefined)
}

export function classRule(from: string, to: string): Rule {
  return query => (query.class === from ? { query: { ...query, class: to } } : undefined)
}

/** Seconds; a range is `MIN-MAX`. */
export function ttlRule(match: Matcher, least: number, most: number): Rule {
  return query => {
    if (match(query.name) === undefined) return undefined
    const restore = (record: DnsRecord): DnsRecord => ({
      ...record,
      ttl: Math.min(Math.max(record.ttl, least), most),
    })
    return { query, restore }
  }
}
