import { createHash } from 'node:crypto'
import { type Annotations, type EncryptedObject, MESSAGES, SOURCE } from './messages.ts'

const LONGEST_KEY_ID = 1_024
const LONGEST_SOURCE = 1_024
const LONGEST_ANNOTATIONS = 32 * 1_024
/** Two labels at least. */
const DOMAIN = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)+\.?$/

/** What the key of a value is known by. */
export type KeySource = Omit<EncryptedObject, 'encryptedData'>

/** Bytes as they are stored. Throws what is wrong with the source (a service answered it). */
export function encodeObject(source: KeySource, encryptedData: Uint8Array): Buffer {
  return MESSAGES.EncryptedObject.encode({ ...source, encryptedData })
}

/** Reads stored bytes. Throws what is wrong with them. */
export function decodeObject(bytes: Uint8Array): EncryptedObject {
  const object = MESSAGES.EncryptedObject.decode(bytes)
  if (object.encryptedData.length === 0) throw new Error('encrypted data is empty')
  checkSource(object)
  return object
}

/** Throws what is wrong with a source, in upstream's words. */
export function checkSource({
  encryptedDEKSource,
  encryptedDEKSourceType,
  keyID,
  annotations,
}: KeySource): void {
  if (encryptedDEKSourceType !== SOURCE.key && encryptedDEKSourceType !== SOURCE.seed)
    throw new Error(`unknown encryptedDEKSourceType: ${encryptedDEKSourceType}`)
  const size = encryptedDEKSource.length
  const fault =
    size === 0 ? 'encrypted DEK source is empty' : tooLong('encrypted DEK source', size, LONGEST_SOURCE)
  if (fault) throw new Error(`failed to validate encrypted DEK source: ${fault}`)
  const idFault = keyIdFault(keyID)
  if (idFault) throw new Error(`failed to validate key id: ${idFault.message}`)
  checkAnnotations(annotations)
}

/** What is wrong with the name of a key, and upstream's short word for it. */
export function keyIdFault(keyID: string): { code: string; message: string } | undefined {
  if (keyID === '') return { code: 'empty', message: 'keyID is empty' }
  const message = tooLong('keyID', Buffer.byteLength(keyID), LONGEST_KEY_ID)
  return message ? { code: 'too_long', message } : undefined
}

function checkAnnotations(annotations: Annotations): void {
  let size = 0
  for (const [name, value] of Object.entries(annotations)) {
    if (!DOMAIN.test(name)) {
      throw new Error(
        `failed to validate annotations: annotations: Invalid value: ${JSON.stringify(name)}: should be a domain with at least two segments separated by dots`,
      )
    }
    size += Buffer.byteLength(name) + value.length
  }
  const fault = tooLong('total size of annotations', size, LONGEST_ANNOTATIONS)
  if (fault) throw new Error(`failed to validate annotations: ${fault}`)
}

function tooLong(what: string, size: number, most: number): string | undefined {
  return size > most ? `${what} is ${size} bytes, which exceeds the max size of ${most}` : undefined
}

/** The same for two values whose key is the same. */
export function sourceId({
  encryptedDEKSource,
  encryptedDEKSourceType,
  keyID,
  annotations,
}: KeySource): string {
  const hash = createHash('sha256')
  const parts = Object.entries(annotations).sort(([a], [b]) => (a < b ? -1 : 1))
  for (const part of [String(encryptedDEKSourceType), keyID, encryptedDEKSource, ...parts.flat()]) {
    hash.update(`${part.length}:`).update(part)
  }
  return hash.digest('base64')
}

/** Names a key in messages and metrics without giving its name away. */
export const hashOf = (keyID: string): string =>
  keyID === '' ? '' : `sha256:${createHash('sha256').update(keyID).digest('hex')}`
