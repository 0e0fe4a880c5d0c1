import type { Directive } from '../../corefile/parse.ts'
import { CorefileError } from '../../corefile/tokens.ts'
import { expectArgs, parseCount, parseDuration, unknownProperty } from '../../corefile/values.ts'
import { type SetUp, zonesOr } from '../../setup.ts'
import { parseZone } from '../../wire/names.ts'
import { type CacheLimits, type CacheOptions, createCache } from './cache.ts'

const CAPACITY = 9_984
const MIN_TTL = 5

/** `cache [TTL] [ZONES...] { … }`; see README.md. */
export const setUp: SetUp = (directive, context) => {
  const [first] = directive.args
  const hasTtl = first !== undefined && /^\d+$/.test(first)
  const limit = hasTtl ? parseCount(first, directive, 1) : undefined
  const zones = directive.args.slice(hasTtl ? 1 : 0).map(parseZone)
  const options: CacheOptions = {
    zones: zonesOr(zones, context),
    success: { capacity: CAPACITY, maxTtl: limit ?? 3_600, minTtl: MIN_TTL, disabledZones: [] },
    denial: { capacity: CAPACITY, maxTtl: limit ?? 1_800, minTtl: MIN_TTL, disabledZones: [] },
    servfailTtl: 5,
    staleFor: 0,
    keepTtl: false,
  }
  for (const property of directive.block) readProperty(property, options)
  return createCache(options)
}

function readProperty(property: Directive, options: CacheOptions): void {
  const { name, args, line } = property
  if (name === 'success' || name === 'denial') {
    readLimits(property, options[name])
  } else if (name === 'servfail') {
    expectArgs(property, 1)
    options.servfailTtl = parseDuration(args[0]!, property)
  } else if (name === 'serve_stale') {
    expectArgs(property, 0, 2)
    options.staleFor = args[0] === undefined ? 3_600 : parseDuration(args[0], property)
  } else if (name === 'disable') {
    const kind = args[0]
    if (kind !== 'success' && kind !== 'denial') {
      throw new CorefileError(line, 'cache: disable takes success or denial, then zones')
    }
    options[kind].disabledZones = args.length > 1 ? args.slice(1).map(parseZone) : ['']
  } else if (name === 'keepttl') {
    options.keepTtl = true
  } else if (name !== 'prefetch') {
    // prefetch is read and has no effect: nothing is asked that no client asked.
    throw unknownProperty('cache', property)
  }
}

function readLimits(property: Directive, limits: CacheLimits): void {
  expectArgs(property, 1, 3)
  const [capacity, ttl, minTtl] = property.args
  limits.capacity = Math.max(1, parseCount(capacity, property))
  if (ttl !== undefined) limits.maxTtl = parseCount(ttl, property, 1)
  if (minTtl !== undefined) limits.minTtl = parseCount(minTtl, property)
}
