import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'

/** Hides a value and shows it again. `context` is what the value belongs to: it cannot be passed off as another's. */
export interface Transformer {
  /** What stands before every value it made; empty for {@link identity}. */
  prefix: string
  encrypt(plain: Buffer, context: string): Buffer
  /** Throws when the value was not made with this key, or not for this context. */
  decrypt(hidden: Buffer, context: string): Buffer
}

export interface Key {
  name: string
  secret: Buffer
}

const GCM_NONCE = 12
const GCM_TAG = 16
const CBC_BLOCK = 16

/** What every encrypted value begins with. */
export const ENCRYPTED = 'k8s:enc:'

/** AES-GCM with a random nonce; a key should be changed before it has written 200,000 times (upstream's figure). */
export function aesgcm({ name, secret }: Key): Transformer {
  const algorithm = `aes-${secret.length * 8}-gcm` as 'aes-256-gcm'
  return {
    prefix: `${ENCRYPTED}aesgcm:v1:${name}:`,
    encrypt(plain, context) {
      const nonce = randomBytes(GCM_NONCE)
      const cipher = createCipheriv(algorithm, secret, nonce).setAAD(Buffer.from(context))
      const hidden = [cipher.update(plain), cipher.final()]
      return Buffer.concat([nonce, ...hidden, cipher.getAuthTag()])
    },
    decrypt(hidden, context) {
      if (hidden.length < GCM_NONCE + GCM_TAG)
        throw new Error('the stored data was shorter than the required size')
      const decipher = createDecipheriv(algorithm, secret, hidden.subarray(0, GCM_NONCE))
      decipher.setAAD(Buffer.from(context)).setAuthTag(hidden.subarray(-GCM_TAG))
      const plain = decipher.update(hidden.subarray(GCM_NONCE, -GCM_TAG))
      return Buffer.concat([plain, decipher.final()])
    },
  }
}

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
      if (hidden.length < CBC_BLOCK) throw new Error('the stored data was shorter than the required size')
      const decipher = createDecipheriv(algorithm, secret, hidden.subarray(0, CBC_BLOCK))
      return Buffer.concat([decipher.update(hidden.subarray(CBC_BLOCK)), decipher.final()])
    },
  }
}

/** Leaves values as they are. */
export const identity: Transformer = {
  prefix: '',
  encrypt: plain => plain,
  decrypt: hidden => hidden,
}
