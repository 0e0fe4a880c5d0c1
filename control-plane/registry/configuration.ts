import { isDeepStrictEqual } from 'node:util'
import type { ConfigMap, Secret } from '../../api/kinds/types.ts'
import { type FieldError, forbiddenField, invalidValue, required, tooLong } from '../../api/meta/status.ts'
import { isConfigMapKey } from '../../api/meta/validation.ts'
import { collect, unchanged } from './rules/check.ts'
import type { Strategy } from './strategy.ts'

/** Largest total of values, in bytes. */
const MOST_BYTES = 1024 * 1024

function validateData(data: Record<string, string>, field: string): FieldError[] {
  return Object.keys(data).flatMap(key =>
    isConfigMapKey(key).map(fault => invalidValue(`${field}[${key}]`, key, fault)),
  )
}

const sizeOf = (map: Record<string, string> = {}): number =>
  Object.values(map).reduce((total, value) => total + Buffer.byteLength(value), 0)

/** Of values in base64, how many bytes they stand for. */
const decodedSize = (map: Record<string, string> = {}): number =>
  Object.values(map).reduce((total, value) => total + Buffer.byteLength(value, 'base64'), 0)

interface Data {
  immutable?: boolean
  data?: Record<string, string>
  binaryData?: Record<string, string>
}

function validateImmutable(object: Data, old: Data | undefined): FieldError[] {
  if (!old?.immutable) return []
  const errors: FieldError[] = []
  const detail = 'field is immutable when `immutable` is set'
  if (!object.immutable) errors.push(forbiddenField('immutable', detail))
  for (const field of ['data', 'binaryData'] as const) {
    if (!isDeepStrictEqual(object[field] ?? {}, old[field] ?? {})) errors.push(forbiddenField(field, detail))
  }
  return errors
}

export const configMapStrategy: Strategy<ConfigMap> = {
  hasGeneration: false,
  validate(map, old) {
    const both = Object.keys(map.data ?? {}).filter(key => map.binaryData?.[key] !== undefined)
    const size = sizeOf(map.data) + decodedSize(map.binaryData)
    return collect(
      validateData(map.data ?? {}, 'data'),
      both.map(key => invalidValue(`data[${key}]`, key, 'duplicate of key present in binaryData')),
      validateData(map.binaryData ?? {}, 'binaryData'),
      size > MOST_BYTES && [tooLong('[]', '', MOST_BYTES)],
      validateImmutable(map, old),
    )
  },
}

const ACCOUNT = 'kubernetes.io/service-account.name'

/** Keys a Secret of a known type must have, and which of them hold JSON. */
const REQUIRED_KEYS: Record<string, string[]> = {
  'kubernetes.io/tls': ['tls.crt', 'tls.key'],
  'kubernetes.io/dockerconfigjson': ['.dockerconfigjson'],
  'kubernetes.io/dockercfg': ['.dockercfg'],
}
const JSON_KEYS = ['.dockerconfigjson', '.dockercfg']

export const secretStrategy: Strategy<Secret> = {
  hasGeneration: false,
  defaults(secret) {
    secret.type ||= 'Opaque'
    for (const [key, value] of Object.entries(secret.stringData ?? {})) {
      secret.data ??= {}
      secret.data[key] = Buffer.from(value).toString('base64')
    }
    delete secret.stringData
  },
  validate(secret, old) {
    const data = secret.data ?? {}
    return collect(
      old && unchanged('type', secret.type, old.type),
      validateData(data, 'data'),
      decodedSize(data) > MOST_BYTES && [tooLong('data', '', MOST_BYTES)],
      typeFaults(secret, data),
      validateImmutable(secret as Data, old as Data | undefined),
    )
  },
}

function typeFaults({ type = '', metadata }: Secret, data: Record<string, string>): readonly FieldError[] {
  const missing = (key: string): FieldError => required(`data[${key}]`, '')
  if (type === 'kubernetes.io/service-account-token') {
    return metadata.annotations?.[ACCOUNT] ? [] : [required(`metadata.annotations[${ACCOUNT}]`, '')]
  }
  if (type === 'kubernetes.io/basic-auth') {
    const keys = ['username', 'password']
    return keys.some(key => data[key] !== undefined) ? [] : keys.map(missing)
  }
  if (type === 'kubernetes.io/ssh-auth') return data['ssh-privatekey'] ? [] : [missing('ssh-privatekey')]
  return (REQUIRED_KEYS[type] ?? []).flatMap(key => {
    if (data[key] === undefined) return [missing(key)]
    return JSON_KEYS.includes(key) ? jsonFaults(data[key], `data[${key}]`) : []
  })
}

function jsonFaults(content: string, path: string): readonly FieldError[] {
  const text = Buffer.from(content, 'base64').toString()
  const hidden = (why: string): FieldError[] => [invalidValue(path, '<secret contents redacted>', why)]
  if (text === '') return hidden('unexpected end of JSON input')
  try {
    const value = JSON.parse(text)
    const isObject = typeof value === 'object' && !Array.isArray(value)
    return isObject
      ? []
      : hidden(`json: cannot unmarshal ${jsonType(value)} into Go value of type map[string]interface {}`)
  } catch {
    return hidden(`invalid character ${quoteCharacter(text)} looking for beginning of value`)
  }
}

const jsonType = (value: unknown): string => {
  if (Array.isArray(value)) return 'array'
  return typeof value === 'boolean' ? 'bool' : typeof value
}

const quoteCharacter = (text: string): string => `'${text.trimStart().charAt(0)}'`
