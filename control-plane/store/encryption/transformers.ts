import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'
import { xsalsa20poly1305 } from '@noble/ciphers/salsa.js'

/** Hides a value and shows it again. `context` is what the value belongs to: it cannot be passed off as another's. */
export interface Transformer {
  /** What stands before every value it made; empty for {@link identity}. */
  prefix: string
  encrypt(plain: Buffer, context: string): Buffer
  /** Throws when the value was not made with this key, or not for this context. */
  decrypt(hidden: Buffer, context: string): Buffer
  /** What must be waited for before this value can be decrypted; undefined for nothing. Called before the two others. */
  prepare?(hidden: Buffer): Promise<void> | undefined
  /** Made with a key that is no longer the one that writes. */
  isStale?(hidden: Buffer): boolean
}

export interface Key {
  name: string
  secret: Buffer
}

const GCM_NONCE = 12
const GCM_TAG = 16
const CBC_BLOCK = 16
const SECRETBOX_NONCE = 24
const SECRETBOX_TAG = 16
const TOO_SHORT = 'the stored data was shorter than the required size'

/** What every encrypted value begins with. */
export const ENCRYPTED = 'k8s:enc:'

/** AES-GCM with a random nonce; a key should be changed before it has written 200,000 times (upstream's figure). */
export function aesgcm({ name, secret }: Key): Transformer {
  return {
    prefix: `${ENCRYPTED}aesgcm:v1:${name}:`,
    encrypt: (plain, context) => sealGcm(secret, plain, context),
    decrypt: (hidden, context) => openGcm(secret, hidden, context),
  }
}

/** Nonce, ciphertext, tag. The key has 16, 24 or 32 bytes. */
export function sealGcm(key: Buffer, plain: Buffer, context: string): Buffer {
  const nonce = randomBytes(GCM_NONCE)
  const cipher = createCipheriv(gcmOf(key), key, nonce).setAAD(Buffer.from(context))
  const hidden = [cipher.update(plain), cipher.final()]
  return Buffer.concat([nonce, ...hidden, cipher.getAuthTag()])
}

/** Opens what {@link sealGcm} made. Throws with another key or context. */
export function openGcm(key: Buffer, hidden: Buffer, context: string): Buffer {
  if (hidden.length < GCM_NONCE + GCM_TAG) throw new Error(TOO_SHORT)
  const decipher = createDecipheriv(gcmOf(key), key, hidden.subarray(0, GCM_NONCE))
  decipher.setAAD(Buffer.from(context)).setAuthTag(hidden.subarray(-GCM_TAG))
  const plain = decipher.update(hidden.subarray(GCM_NONCE, -GCM_TAG))
  return Buffer.concat([plain, decipher.final()])
}

const gcmOf = (key: Buffer) => `aes-${key.length * 8}-gcm` as 'aes-256-gcm'

/** AES-CBC with PKCS#7 padding: for data that is there already. It does not notice that a value was exchanged. */
export function aescbc({ name, secret }: Key): Transformer {
  const algorithm = `aes-${secret.length * 8}-cbc`
  return {
    prefix: `${ENCRYPTED}aescbc:v1:${name}:`,
    encrypt(plain) {
      const vector = randomBytes(CBC_BLOCK)
      const cipher = createCipheriv(algorithm, secret, vector)
      return Buffer.concat([vector, cipher.update(plain), cipher.final()])
    },
    decrypt(hidden) {
      if (hidden.length < CBC_BLOCK) throw new Error(TOO_SHORT)
      const decipher = createDecipheriv(algorithm, secret, hidden.subarray(0, CBC_BLOCK))
      return Buffer.concat([decipher.update(hidden.subarray(CBC_BLOCK)), decipher.final()])
    },
  }
}

/** XSalsa20 and Poly1305 (NaCl's secretbox) with a random nonce. It does not notice that a value was exchanged. */
export function secretbox({ name, secret }: Key): Transformer {
  return {
    prefix: `${ENCRYPTED}secretbox:v1:${name}:`,
    encrypt(plain) {
      const nonce = randomBytes(SECRETBOX_NONCE)
      return Buffer.concat([nonce, xsalsa20poly1305(secret, nonce).encrypt(plain)])
    },
    decrypt(hidden) {
      if (hidden.length < SECRETBOX_NONCE + SECRETBOX_TAG) throw new Error(TOO_SHORT)
      const box = xsalsa20poly1305(secret, hidden.subarray(0, SECRETBOX_NONCE))
      return Buffer.from(box.decrypt(hidden.subarray(SECRETBOX_NONCE)))
    },
  }
}

/** Leaves values as they are. */
export const identity: Transformer = {
  prefix: '',
  encrypt: plain => plain,
  decrypt: hidden => hidden,
}
