import { isDeepStrictEqual } from 'node:util'
import type { ConfigMap, Secret } from '../../api/kinds/types.ts'
import { type FieldError, forbiddenField, invalidValue, tooLong } from '../../api/meta/status.ts'
import { isConfigMapKey } from '../../api/meta/validation.ts'
import type { Strategy } from './strategy.ts'

/** Largest total of values, in bytes. */
const MOST_BYTES = 1024 * 1024

function validateData(data: Record<string, string>, field: string): FieldError[] {
  return Object.keys(data).flatMap(key =>
    isConfigMapKey(key).map(fault => invalidValue(`${field}[${key}]`, key, fault)),
  )
}

function sizeOf(...maps: (Record<string, string> | undefined)[]): number {
  return maps
    .flatMap(map => Object.values(map ?? {}))
    .reduce((total, value) => total + Buffer.byteLength(value), 0)
}

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
    const errors = [
      ...validateData(map.data ?? {}, 'data'),
      ...validateData(map.binaryData ?? {}, 'binaryData'),
    ]
    if (sizeOf(map.data, map.binaryData) > MOST_BYTES) errors.push(tooLong('', '', MOST_BYTES))
    return [...errors, ...validateImmutable(map, old)]
  },
}

/** Keys a Secret of a known type must have. */
const REQUIRED_KEYS: Record<string, string[]> = {
  'kubernetes.io/tls': ['tls.crt', 'tls.key'],
  'kubernetes.io/dockerconfigjson': ['.dockerconfigjson'],
  'kubernetes.io/dockercfg': ['.dockercfg'],
  'kubernetes.io/ssh-auth': ['ssh-privatekey'],
}

export const secretStrategy: Strategy<Secret> = {
  hasGeneration: false,
  defaults(secret) {
    secret.type ??= 'Opaque'
    for (const [key, value] of Object.entries(secret.stringData ?? {})) {
      secret.data ??= {}
      secret.data[key] = Buffer.from(value).toString('base64')
    }
    delete secret.stringData
  },
  validate(secret, old) {
    const errors = validateData(secret.data ?? {}, 'data')
    if (sizeOf(secret.data) > MOST_BYTES * 1.4) errors.push(tooLong('data', '', MOST_BYTES))
    for (const key of REQUIRED_KEYS[secret.type!] ?? []) {
      if (secret.data?.[key] === undefined)
        errors.push({ type: 'FieldValueRequired', field: `data[${key}]`, detail: '' })
    }
    if (old && old.type !== secret.type) errors.push(invalidValue('type', secret.type, 'field is immutable'))
    return [...errors, ...validateImmutable(secret as Data, old as Data | undefined)]
  },
}
