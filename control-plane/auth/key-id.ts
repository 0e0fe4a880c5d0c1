import { createHash, type KeyObject } from 'node:crypto'

/** The name a public key goes by in tokens and key sets: upstream's hash over its DER form. */
export const keyId = (publicKey: KeyObject): string =>
  createHash('sha256')
    .update(publicKey.export({ type: 'spki', format: 'der' }))
    .digest('base64url')
