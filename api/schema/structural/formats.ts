import { isIP, isIPv4, isIPv6 } from 'node:net'

type Test = (text: string) => boolean

const matches =
  (pattern: RegExp): Test =>
  text =>
    pattern.test(text)

const UUID = (version: string): RegExp =>
  new RegExp(`^[0-9a-f]{8}-?[0-9a-f]{4}-?${version}[0-9a-f]{3}-?[0-9a-f]{4}-?[0-9a-f]{12}$`, 'i')

/**
 * Formats that upstream checks in custom resources; others say nothing. Those that v1.34 brings (`k8s-short-name`,
 * `k8s-long-name`) are among the others there: servers take what the version before them knows too.
 */
const FORMATS: Readonly<Record<string, Test>> = {
  bsonobjectid: matches(/^[0-9a-f]{24}$/i),
  uri: isRequestUri,
  email: matches(/^[^\s@<>"]+@[^\s@<>"]+$/),
  hostname: isHostname,
  ipv4: isSloppyIPv4,
  ipv6: isIPv6,
  cidr: isCidr,
  mac: matches(
    /^([0-9a-f]{2}([:-])[0-9a-f]{2}(\2[0-9a-f]{2}){4}(\2[0-9a-f]{2}){0,14}|([0-9a-f]{4}\.){2,3}[0-9a-f]{4})$/i,
  ),
  uuid: matches(UUID('[0-9a-f]')),
  uuid3: matches(UUID('3')),
  uuid4: matches(UUID('4')),
  uuid5: matches(UUID('5')),
  isbn: text => isIsbn10(text) || isIsbn13(text),
  isbn10: isIsbn10,
  isbn13: isIsbn13,
  creditcard: isCardNumber,
  ssn: matches(/^\d{3}[- ]?\d{2}[- ]?\d{4}$/),
  hexcolor: matches(/^#?([0-9a-f]{3}|[0-9a-f]{6})$/i),
  rgbcolor: isRgbColor,
  byte: matches(/^(?=.)([A-Za-z0-9+/]{4})*([A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/),
  date: isDate,
  datetime: isDateTime,
  'date-time': isDateTime,
  duration: matches(
    /^[+-]?(\d+(\.\d*)?|\.\d+)\s*(ns|nano|us|µs|μs|micro|ms|milli|s|sec|m|min|h|hr|hour|d|day|w|wk|week)s?(\s*(\d+(\.\d*)?|\.\d+)\s*(ns|us|µs|μs|ms|s|m|h))*$|^0$/,
  ),
}

/** Formats are named with or without dashes. */
const canonical = (format: string): string =>
  Object.hasOwn(FORMATS, format) ? format : format.replaceAll('-', '')

/** Whether a text is of a format; a format that is not known allows all. */
export function hasFormat(text: string, format: string): boolean {
  const name = canonical(format)
  return Object.hasOwn(FORMATS, name) ? FORMATS[name]!(text) : true
}

/** Whether a format is one that is checked. */
export const isKnownFormat = (format: string): boolean => Object.hasOwn(FORMATS, canonical(format))

/** What Go's url.ParseRequestURI takes: an absolute URI or an absolute path. */
function isRequestUri(text: string): boolean {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: Go's parser refuses them
  if (text === '' || /[\x00-\x1f\x7f ]/.test(text)) return false
  if (/%(?![0-9a-f]{2})/i.test(text.split('?', 1)[0]!)) return false
  return text.startsWith('/') || text === '*' || /^[a-z][a-z0-9+.-]*:.+/i.test(text)
}

function isHostname(text: string): boolean {
  return text.length <= 255 && HOSTNAME.test(text) && text.split('.').every(label => label.length <= 63)
}

/** One label with a hyphen at most behind its first character, or several, of which the last has only letters. */
const HOSTNAME =
  /^([a-zA-Z0-9\p{S}\p{L}](-?[a-zA-Z0-9\p{S}\p{L}]{0,62})?|([a-zA-Z0-9\p{S}\p{L}]([a-zA-Z0-9\-\p{S}\p{L}]{0,61}[a-zA-Z0-9\p{S}\p{L}])?\.)+[a-zA-Z\p{L}]{2,63})$/u

/** Numbers may begin with zeros. */
function isSloppyIPv4(text: string): boolean {
  return isIPv4(text.replace(/(^|\.)0+(?=\d)/g, '$1'))
}

function isCidr(text: string): boolean {
  const [address = '', bits = '', ...more] = text.split('/')
  const family = isIP(address)
  return (
    more.length === 0 && family > 0 && /^\d{1,3}$/.test(bits) && Number(bits) <= (family === 4 ? 32 : 128)
  )
}

const digitsOf = (text: string): string => text.replace(/[\s-]+/g, '')

function isIsbn10(text: string): boolean {
  const digits = digitsOf(text)
  if (!/^\d{9}[\dX]$/.test(digits)) return false
  const sum = [...digits].reduce((sum, digit, i) => sum + (digit === 'X' ? 10 : Number(digit)) * (i + 1), 0)
  return sum % 11 === 0
}

function isIsbn13(text: string): boolean {
  const digits = digitsOf(text)
  if (!/^\d{13}$/.test(digits)) return false
  return [...digits].reduce((sum, digit, i) => sum + Number(digit) * (i % 2 === 0 ? 1 : 3), 0) % 10 === 0
}

/** Luhn's sum, over the lengths that cards have. */
function isCardNumber(text: string): boolean {
  const digits = text.replace(/\D+/g, '')
  if (
    !/^(4\d{12}(\d{3})?|[25][1-7]\d{14}|6(011|5\d\d)\d{12}|3[47]\d{13}|3(0[0-5]|[68]\d)\d{11}|(2131|1800|35\d{3})\d{11})$/.test(
      digits,
    )
  )
    return false
  const sum = [...digits].reverse().reduce((sum, digit, i) => {
    const value = Number(digit) * (i % 2 === 1 ? 2 : 1)
    return sum + (value > 9 ? value - 9 : value)
  }, 0)
  return sum % 10 === 0
}

function isRgbColor(text: string): boolean {
  const parts = /^rgb\(\s*(\d+)\s*,\s*(\d+)\s*,\s*(\d+)\s*\)$/.exec(text)?.slice(1)
  return parts?.every(part => Number(part) <= 255) ?? false
}

function isDate(text: string): boolean {
  const match = /^(\d{4})-(\d\d)-(\d\d)$/.exec(text)
  if (!match) return false
  const [year, month, day] = match.slice(1).map(Number) as [number, number, number]
  const date = new Date(Date.UTC(year, month - 1, day))
  return date.getUTCMonth() === month - 1 && date.getUTCDate() === day
}

function isDateTime(text: string): boolean {
  const match = /^(\d{4}-\d\d-\d\d)[Tt ](\d\d):(\d\d):(\d\d)(\.\d+)?([Zz]|[+-]\d\d:?\d\d)?$/.exec(text)
  if (!match || !isDate(match[1]!)) return false
  return Number(match[2]) < 24 && Number(match[3]) < 60 && Number(match[4]) <= 60
}
