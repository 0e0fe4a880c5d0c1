/** The fields of a schedule, in order: their bounds and the names their values may have. */
const FIELDS = [
  { least: 0, most: 59 },
  { least: 0, most: 23 },
  { least: 1, most: 31 },
  { least: 1, most: 12, names: 'jan feb mar apr may jun jul aug sep oct nov dec'.split(' ') },
  { least: 0, most: 6, names: 'sun mon tue wed thu fri sat'.split(' ') },
] as const

interface Field {
  least: number
  most: number
  names?: readonly string[]
}

const DESCRIPTORS = ['@yearly', '@annually', '@monthly', '@weekly', '@daily', '@midnight', '@hourly']
const EVERY = '@every '
const ZONE = /^(TZ|CRON_TZ)=/
const DURATION = /^[+-]?(\d+(\.\d*)?|\.\d+)(ns|us|µs|μs|ms|s|m|h)/

/**
 * What is wrong with a cron schedule of five fields, in the words of the parser upstream uses; undefined when it is
 * sound. `@hourly` and its like, `@every 5m` and a leading `TZ=Zone ` are known too.
 */
export function scheduleFault(schedule: string): string | undefined {
  if (schedule === '') return 'empty spec string'
  let rest = schedule
  if (ZONE.test(schedule)) {
    const end = schedule.indexOf(' ')
    const zone = schedule.slice(schedule.indexOf('=') + 1, end < 0 ? undefined : end)
    if (!isTimeZone(zone)) return `provided bad location ${zone}: unknown time zone ${zone}`
    rest = end < 0 ? '' : schedule.slice(end).trim()
  }
  if (rest.startsWith('@')) return descriptorFault(rest)
  const parts = rest.split(/\s+/).filter(Boolean)
  if (parts.length !== FIELDS.length) {
    return `expected exactly ${FIELDS.length} fields, found ${parts.length}: [${parts.join(' ')}]`
  }
  for (const [i, field] of FIELDS.entries()) {
    for (const part of parts[i]!.split(',').filter(Boolean)) {
      const fault = rangeFault(part, field)
      if (fault) return fault
    }
  }
  return undefined
}

/** Whether there is a time zone of this name. */
export function isTimeZone(name: string): boolean {
  if (name === '' || name === 'Local') return true
  try {
    new Intl.DateTimeFormat('en', { timeZone: name })
    return !/^[+-]/.test(name)
  } catch {
    return false
  }
}

function descriptorFault(text: string): string | undefined {
  if (DESCRIPTORS.includes(text)) return undefined
  if (!text.startsWith(EVERY)) return `unrecognized descriptor: ${text}`
  const length = text.slice(EVERY.length)
  const fault = durationFault(length)
  return fault && `failed to parse duration ${text}: ${fault}`
}

function durationFault(text: string): string | undefined {
  let rest = text.replace(/^[+-]/, '')
  if (rest === '0') return undefined
  if (rest === '') return `time: invalid duration ${JSON.stringify(text)}`
  while (rest !== '') {
    const match = DURATION.exec(rest)
    if (!match) {
      const isUnitless = /^(\d+(\.\d*)?|\.\d+)$/.test(rest)
      return `time: ${isUnitless ? 'missing unit in' : 'invalid'} duration ${JSON.stringify(text)}`
    }
    rest = rest.slice(match[0].length)
  }
  return undefined
}

/** `*`, `?`, `5`, `1-5`, each with a step. */
function rangeFault(text: string, field: Field): string | undefined {
  const [range = '', step, ...tooMany] = text.split('/')
  const bounds = range.split('-')
  const isStar = bounds[0] === '*' || bounds[0] === '?'
  const first = isStar ? field.least : boundOf(bounds[0]!, field)
  if (typeof first === 'string') return first
  if (!isStar && bounds.length > 2) return `too many hyphens: ${text}`
  const given = isStar ? field.most : bounds.length === 2 ? boundOf(bounds[1]!, field) : first
  if (typeof given === 'string') return given
  if (tooMany.length > 0) return `too many slashes: ${text}`
  const size = step === undefined ? 1 : numberOf(step)
  if (typeof size === 'string') return size
  const last = step !== undefined && bounds.length === 1 ? field.most : given
  if (first < field.least) return `beginning of range (${first}) below minimum (${field.least}): ${text}`
  if (last > field.most) return `end of range (${last}) above maximum (${field.most}): ${text}`
  if (first > last) return `beginning of range (${first}) beyond end of range (${last}): ${text}`
  return size === 0 ? `step of range should be a positive number: ${text}` : undefined
}

/** The value; a text says what is wrong. */
function boundOf(text: string, { least, names }: Field): number | string {
  const named = names?.indexOf(text.toLowerCase()) ?? -1
  return named >= 0 ? named + least : numberOf(text)
}

function numberOf(text: string): number | string {
  if (!/^[+-]?\d+$/.test(text)) {
    const quoted = JSON.stringify(text)
    return `failed to parse int from ${text}: strconv.Atoi: parsing ${quoted}: invalid syntax`
  }
  const value = Number(text)
  return value < 0 ? `negative number (${value}) not allowed: ${text}` : value
}
