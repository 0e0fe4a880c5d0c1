import { readFileSync, statSync } from 'node:fs'
import type { Directive } from '../../corefile/parse.ts'
import { parseCount, parseDuration, unknownProperty } from '../../corefile/values.ts'
import { type SetUp, zonesOr } from '../../setup.ts'
import { parseZone } from '../../wire/names.ts'
import { createHosts } from './hosts.ts'
import { type Hosts, parseHosts } from './hosts-file.ts'

const DEFAULT_TTL = 3_600
const DEFAULT_RELOAD = 5
const DEFAULT_FILE = '/etc/hosts'

/** `hosts [FILE [ZONES...]] { ADDRESS NAME... … }`; see README.md. */
export const setUp: SetUp = (directive, context) => {
  const [file = DEFAULT_FILE, ...zones] = directive.args
  const inline: string[] = []
  const options = {
    ttl: DEFAULT_TTL,
    reload: DEFAULT_RELOAD,
    answersReverse: true,
    fallthrough: [] as string[],
  }
  for (const property of directive.block) {
    const { name, args } = property
    if (/^[\da-fA-F:.]+$/.test(name) && args.length > 0) inline.push([name, ...args].join(' '))
    else readProperty(property, options)
  }
  return createHosts({
    zones: zonesOr(zones.map(parseZone), context),
    hosts: followHosts(file, inline, options.reload * 1000),
    ttl: options.ttl,
    answersReverse: options.answersReverse,
    fallthrough: options.fallthrough,
  })
}

function readProperty(
  property: Directive,
  options: { ttl: number; reload: number; answersReverse: boolean; fallthrough: string[] },
): void {
  const { name, args } = property
  if (name === 'ttl') options.ttl = parseCount(args[0], property, 1)
  else if (name === 'reload') options.reload = parseDuration(args[0] ?? '', property)
  else if (name === 'no_reverse') options.answersReverse = false
  else if (name === 'fallthrough') options.fallthrough = args.length > 0 ? args.map(parseZone) : ['']
  else throw unknownProperty('hosts', property)
}

/** Looks whether the file changed at most every `interval` milliseconds, and only when it is asked; 0 for never. */
function followHosts(file: string, inline: string[], interval: number): () => Hosts {
  let known = parseHosts(inline)
  let version = -1
  let lookAgainAt = 0
  return () => {
    if (Date.now() < lookAgainAt) return known
    lookAgainAt = interval > 0 ? Date.now() + interval : Infinity
    const changed = statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0
    if (changed === version) return known
    version = changed
    known = parseHosts([...inline, ...(changed ? readFileSync(file, 'utf8').split('\n') : [])])
    return known
  }
}
