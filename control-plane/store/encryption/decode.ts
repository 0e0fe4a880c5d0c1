import { goDuration } from '../../../api/meta/duration.ts'

/** An entry of `resources` as it stands in the file. */
export interface DeclaredRule {
  resources: string[]
  providers: DeclaredProvider[]
}

/** A provider as it stands in the file; one of its fields should be set. */
export interface DeclaredProvider {
  kms?: DeclaredKms
  aesgcm?: DeclaredKeys
  aescbc?: DeclaredKeys
  secretbox?: DeclaredKeys
  identity?: Fields
}

export interface DeclaredKeys {
  keys: DeclaredKey[]
}

export interface DeclaredKey {
  name: string
  secret: string
}

export interface DeclaredKms {
  apiVersion: string
  name: string
  endpoint: string
  cachesize: number | undefined
  /** Milliseconds, and how they were written. */
  timeout: number
  timeoutText: string
}

type Fields = Record<string, unknown>
/** Reads a value at a path; notes what is wrong with it. */
type Read<T> = (value: unknown, path: string, faults: string[]) => T

const API_VERSION = 'apiserver.config.k8s.io/v1'
const KIND = 'EncryptionConfiguration'
const KMS_TIMEOUT = 3_000

/** Takes a parsed file apart. Unknown fields and values of a wrong type are added to the faults. */
export function decodeConfiguration(content: unknown, faults: string[]): DeclaredRule[] {
  const { apiVersion, kind } = isFields(content) ? content : {}
  if (apiVersion !== API_VERSION || kind !== KIND) {
    const found = `apiVersion ${JSON.stringify(apiVersion)}, kind ${JSON.stringify(kind)}`
    faults.push(`got unexpected config type: ${found}, expected "${API_VERSION}", "${KIND}"`)
    return []
  }
  return configuration(content, '', faults).resources
}

const text: Read<string> = (value, path, faults) => {
  if (typeof value === 'string') return value
  faults.push(`${path}: expected a string, got ${typeOf(value)}`)
  return ''
}

const number: Read<number> = (value, path, faults) => {
  if (Number.isInteger(value)) return value as number
  faults.push(`${path}: expected a whole number, got ${JSON.stringify(value)}`)
  return 0
}

const list =
  <T>(each: Read<T>): Read<T[]> =>
  (value, path, faults) => {
    if (value === null || value === undefined) return []
    if (Array.isArray(value)) return value.map((item, index) => each(item, `${path}[${index}]`, faults))
    faults.push(`${path}: expected a list, got ${typeOf(value)}`)
    return []
  }

/** An object of known fields; what is null counts as left out. */
function object<T>(readers: Record<string, Read<unknown>>, made: (fields: Fields) => T): Read<T> {
  return (value, path, faults) => {
    const fields: Fields = {}
    if (isFields(value)) {
      for (const [name, given] of Object.entries(value)) {
        const at = path ? `${path}.${name}` : name
        const read = Object.hasOwn(readers, name) ? readers[name] : undefined
        if (!read) faults.push(`strict decoding error: unknown field "${at}"`)
        else if (given !== null) fields[name] = read(given, at, faults)
      }
    } else if (value !== null) faults.push(`${path}: expected an object, got ${typeOf(value)}`)
    return made(fields)
  }
}

const key = object(
  { name: text, secret: text },
  ({ name = '', secret = '' }) => ({ name, secret }) as DeclaredKey,
)
const keys = object({ keys: list(key) }, ({ keys = [] }) => ({ keys }) as DeclaredKeys)

const kms = object(
  { apiVersion: text, name: text, cachesize: number, endpoint: text, timeout: text },
  ({ apiVersion = 'v1', name = '', endpoint = '', cachesize, timeout }) =>
    ({ apiVersion, name, endpoint, cachesize, ...duration(timeout as string | undefined) }) as DeclaredKms,
)

const provider = object(
  { kms, aesgcm: keys, aescbc: keys, secretbox: keys, identity: object({}, fields => fields) },
  fields => fields as DeclaredProvider,
)

const rule = object(
  { resources: list(text), providers: list(provider) },
  ({ resources = [], providers = [] }) => ({ resources, providers }) as DeclaredRule,
)

const configuration = object(
  { apiVersion: text, kind: text, resources: list(rule) },
  ({ resources = [] }) => ({ resources: resources as DeclaredRule[] }),
)

function duration(given: string | undefined): Pick<DeclaredKms, 'timeout' | 'timeoutText'> {
  if (given === undefined) return { timeout: KMS_TIMEOUT, timeoutText: '3s' }
  const sign = given.startsWith('-') ? -1 : 1
  return { timeout: sign * (goDuration(given.replace(/^-/, '')) ?? Number.NaN), timeoutText: given }
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

const typeOf = (value: unknown): string =>
  value === null ? 'null' : Array.isArray(value) ? 'a list' : typeof value
