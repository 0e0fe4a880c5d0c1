import type { DnsPlugin, DnsQuery, DnsRecord, Rcode } from '../../../../plugins/dns.ts'
import { authoritativeReply } from '../../replies.ts'
import { findZone, isInZone } from '../../wire/names.ts'
import { parseRecord } from '../../wire/record-text.ts'

export interface TemplateOptions {
  /** `ANY` for every class or type. */
  class: string
  type: string
  zones: string[]
  /** One of them must match the name (with its dot at the end). */
  patterns: RegExp[]
  answers: string[]
  additionals: string[]
  authorities: string[]
  rcode: Rcode
  fallthrough: string[]
}

/** Answers made up from the question. */
export function createTemplate(options: TemplateOptions): DnsPlugin {
  return {
    name: 'template',
    resolve(query, next) {
      if (!isAskedFor(query, options)) return next(query)
      const zone = findZone(query.name, options.zones)
      const found = zone === undefined ? undefined : findMatch(`${query.name}.`, options.patterns)
      if (!found || zone === undefined) {
        const isHandedOn = findZone(query.name, options.fallthrough) !== undefined
        return isHandedOn ? next(query) : authoritativeReply([], [], 'NXDOMAIN')
      }
      const render = (texts: string[]): DnsRecord[] =>
        texts.map(text => parseRecord(fill(text, { query, zone, found })))
      const reply = authoritativeReply(render(options.answers), render(options.additionals), options.rcode)
      return { ...reply, authorities: render(options.authorities) }
    },
  }
}

function isAskedFor(query: DnsQuery, { class: klass, type, zones }: TemplateOptions): boolean {
  if (!zones.some(zone => isInZone(query.name, zone))) return false
  return (klass === 'ANY' || klass === query.class) && (type === 'ANY' || type === query.type)
}

function findMatch(name: string, patterns: RegExp[]): RegExpExecArray | undefined {
  for (const pattern of patterns) {
    const found = pattern.exec(name)
    if (found) return found
  }
  return undefined
}

/** `{{ .Name }}`, `.Class`, `.Type`, `.Zone`, `.Remote`, `.Group.word`, `{{ index .Match 1 }}`. */
function fill(
  text: string,
  { query, zone, found }: { query: DnsQuery; zone: string; found: RegExpExecArray },
): string {
  const words: Record<string, string> = {
    '.Name': `${query.name}.`,
    '.Class': query.class,
    '.Type': query.type,
    '.Zone': `${zone}.`,
    '.Remote': query.client.address,
  }
  return text.replace(/\{\{\s*(.*?)\s*\}\}/g, (_, word: string) => {
    const group = /^\.Group\.(\w+)$/.exec(word)?.[1]
    const index = /^index \.Match (\d+)$/.exec(word)?.[1]
    if (group !== undefined) return found.groups?.[group] ?? ''
    if (index !== undefined) return found[Number(index)] ?? ''
    return words[word] ?? ''
  })
}
