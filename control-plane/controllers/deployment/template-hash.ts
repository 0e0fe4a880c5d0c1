import { isDeepStrictEqual } from 'node:util'
import type { PodTemplateSpec, ReplicaSet } from '../../../api/kinds/types.ts'

export const HASH_LABEL = 'pod-template-hash'

/** Letters that make no words (k8s.io/apimachinery rand.SafeEncodeString). */
const ALPHABET = 'bcdfghjklmnpqrstvwxz2456789'
const FNV_OFFSET = 0x811c9dc5
const FNV_PRIME = 0x01000193

/** A short name for a Pod template; `collisions` makes another one of the same template. */
export function templateHash(template: PodTemplateSpec, collisions = 0): string {
  const text = stableJson(template) + (collisions > 0 ? String(collisions) : '')
  let hash = FNV_OFFSET
  for (const byte of Buffer.from(text)) hash = Math.imul(hash ^ byte, FNV_PRIME) >>> 0
  return [...String(hash)].map(digit => ALPHABET[digit.charCodeAt(0) % ALPHABET.length]).join('')
}

function stableJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(stableJson).join(',')}]`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null'
  const members = Object.entries(value).filter(([, member]) => member !== undefined)
  members.sort(([a], [b]) => (a < b ? -1 : 1))
  return `{${members.map(([key, member]) => `${JSON.stringify(key)}:${stableJson(member)}`).join(',')}}`
}

/** True when a set was made from this template: they are equal but for the hash label. */
export function hasTemplate({ spec }: ReplicaSet, template: PodTemplateSpec): boolean {
  return isDeepStrictEqual(withoutHash(spec.template as PodTemplateSpec), withoutHash(template))
}

function withoutHash({ metadata = {}, spec }: PodTemplateSpec): unknown {
  const { [HASH_LABEL]: _, ...labels } = metadata.labels ?? {}
  const { creationTimestamp: __, ...rest } = metadata as Record<string, unknown>
  return JSON.parse(JSON.stringify({ metadata: { ...rest, labels }, spec }))
}
