import { randomBytes, randomUUID } from 'node:crypto'
import { apiVersion, type KindDeclaration } from '../../../api/kinds/kind.ts'
import type { ApiObject } from '../../../api/meta/object.ts'
import { isMap } from '../../../api/meta/patch/own.ts'
import { badRequest, goQuote, type StatusError, unexpectedError } from '../../../api/meta/status.ts'
import { now } from '../../../api/meta/time.ts'
import type { Target } from './core.ts'
import { wrongKind } from './wrong-kind.ts'

/** Letters of generated names: no vowels and nothing that looks alike, so that no words come out. */
const ALPHABET = 'bcdfghjklmnpqrstvwxz2456789'
const SUFFIX_LENGTH = 5
const LONGEST_GENERATED = 63

/** `base` and five random letters, shortened so that the name stays a label. */
export function generateName(base: string): string {
  const suffix = [...randomBytes(SUFFIX_LENGTH)].map(byte => ALPHABET[byte % ALPHABET.length]).join('')
  return base.slice(0, LONGEST_GENERATED - SUFFIX_LENGTH) + suffix
}

/**
 * Checks that a body is an object of the kind it was sent to, and fills in what the path says already.
 * @throws StatusError 400
 */
export function checkType(kind: KindDeclaration, object: ApiObject): void {
  const expected = apiVersion(kind)
  if (object.metadata === undefined || object.metadata === null) object.metadata = {} as ApiObject['metadata']
  if (typeof object.metadata !== 'object' || Array.isArray(object.metadata)) {
    throw badRequest(
      `${kind.kind} in version "${kind.version}" cannot be handled as a ${kind.kind}: metadata is not an object`,
    )
  }
  object.apiVersion ||= expected
  object.kind ||= kind.kind
  checkKind(kind, object)
}

/** What a body says of itself. */
interface SentType {
  apiVersion?: unknown
  kind?: unknown
  metadata?: { name?: unknown }
}

/** Checks what a body says of its kind, if it says anything. @throws StatusError 400, 422 for a custom resource */
export function checkKind(kind: KindDeclaration, object: SentType): void {
  const expected = apiVersion(kind)
  if ((object.apiVersion || expected) === expected && (object.kind || kind.kind) === kind.kind) return
  throw wrongKind(kind, {
    apiVersion: String(object.apiVersion || expected),
    kind: String(object.kind || kind.kind),
    name: String(object.metadata?.name ?? ''),
  })
}

/** @throws StatusError 400 when the body names another namespace than the path. */
export function checkNamespace(
  kind: KindDeclaration,
  object: ApiObject,
  namespace: string | undefined,
): void {
  const { metadata } = object
  if (!kind.namespaced) {
    delete metadata.namespace
    return
  }
  if (metadata.namespace && metadata.namespace !== namespace) {
    throw badRequest('the namespace of the provided object does not match the namespace sent on the request')
  }
  if (namespace) metadata.namespace = namespace
}

/** Gives a new object what only the server may set. */
export function startMetadata(
  object: ApiObject,
  namespace: string | undefined,
  hasGeneration: boolean,
): void {
  const { metadata } = object
  if (!metadata.name && metadata.generateName) metadata.name = generateName(metadata.generateName)
  if (namespace) metadata.namespace = namespace
  metadata.uid = randomUUID()
  metadata.creationTimestamp = now()
  delete metadata.deletionTimestamp
  delete metadata.deletionGracePeriodSeconds
  delete (metadata as { selfLink?: string }).selfLink
  if (hasGeneration) metadata.generation = 1
}

const UINT64 = (1n << 64n) - 1n

/** The version that a client says an object has. @throws StatusError 500 for what is none, as upstream */
export function sentRevision(version: string): bigint {
  const fault = (what: string) => unexpectedError(`strconv.ParseUint: parsing ${goQuote(version)}: ${what}`)
  if (!/^[0-9]+$/.test(version)) throw fault('invalid syntax')
  const revision = BigInt(version)
  if (revision > UINT64) throw fault('value out of range')
  return revision
}

/** @throws StatusError 500 for an object to be stored that says it is stored already; what is no version says nothing (as upstream) */
export function checkUnstored({ metadata }: ApiObject): void {
  const { resourceVersion } = metadata
  if (!resourceVersion || !/^[0-9]+$/.test(resourceVersion)) return
  const revision = BigInt(resourceVersion)
  if (revision === 0n || revision > UINT64) return
  throw unexpectedError('resourceVersion should not be set on objects to be created')
}

const SERVER_OWNED = ['creationTimestamp', 'generation', 'namespace', 'name'] as const
/** What a client may leave out, and not change. */
const FIXED = ['uid', 'deletionTimestamp', 'deletionGracePeriodSeconds'] as const

/** Gives an updated object the metadata that a client may not change. */
export function keepMetadata(object: ApiObject, old: ApiObject): void {
  const metadata = object.metadata as unknown as Record<string, unknown>
  const kept = old.metadata as unknown as Record<string, unknown>
  for (const field of SERVER_OWNED) {
    if (kept[field] === undefined) delete metadata[field]
    else metadata[field] = kept[field]
  }
  if (kept.deletionTimestamp !== undefined) metadata.deletionTimestamp = kept.deletionTimestamp
  for (const field of FIXED) {
    if (kept[field] !== undefined && (metadata[field] ?? '') === '') metadata[field] = kept[field]
  }
}

/** Checks that a body which replaces an object is the one that the path names. @throws StatusError 400 */
export function checkTarget(kind: KindDeclaration, object: ApiObject, target: Target): void {
  if (!isMap(object.metadata)) throw unnamed(target.name)
  checkNamespace(kind, object, target.namespace)
  checkName(object, target)
}

/** @throws StatusError 400 when an updated object has another name than the path, or none. */
export function checkName(object: ApiObject, { name }: Target): void {
  const { metadata } = object
  if (!metadata.name) throw unnamed(name)
  if (metadata.name !== name) {
    throw badRequest(`the name of the object (${metadata.name}) does not match the name on the URL (${name})`)
  }
}

const unnamed = (name: string): StatusError =>
  badRequest(`the name of the object (${name} based on URL) was undeterminable: name must be provided`)
