import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto'
import { mkdir, open, readFile, rename } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { KeyPair } from './certificates.ts'

/** A file of the PKI that cannot be used; the message names it and says what to do. */
export class PkiError extends Error {
  readonly code = 'PKI'
}

/** A pair as it lies on disk: PEM texts that are what their names say. */
export interface StoredPair extends KeyPair {
  certificate: X509Certificate
  /** False when the key is another certificate's: its writer was stopped between the two files. */
  isMatched: boolean
}

const ADVICE = 'restore it, or remove it to have it made anew'

/**
 * Reads `NAME.crt` and `NAME.key`. Undefined when one of them is not there.
 * @throws PkiError when a file is damaged or cannot be read
 */
export async function readPair(dir: string, name: string): Promise<StoredPair | undefined> {
  const [path, keyPath] = [join(dir, `${name}.crt`), join(dir, `${name}.key`)]
  const [cert, key] = await Promise.all([readOptional(path), readOptional(keyPath)])
  if (cert === undefined || key === undefined) return undefined
  const certificate = parseCertificate(path, cert)
  return { cert, key, certificate, isMatched: certificate.checkPrivateKey(parseKey(keyPath, key)) }
}

/** A file's text; undefined when there is no such file. @throws PkiError */
export async function readOptional(path: string): Promise<string | undefined> {
  return readFile(path, 'utf8').catch(error => {
    if (error.code === 'ENOENT') return undefined
    throw new PkiError(`cannot read ${path}: ${error.message}`, { cause: error })
  })
}

function parseCertificate(path: string, pem: string): X509Certificate {
  try {
    return new X509Certificate(pem)
  } catch (cause) {
    throw new PkiError(`${path} is damaged (${(cause as Error).message}): ${ADVICE}`, { cause })
  }
}

/** @throws PkiError */
export function parseKey(path: string, pem: string): KeyObject {
  try {
    return createPrivateKey(pem)
  } catch (cause) {
    throw new PkiError(`${path} is damaged (${(cause as Error).message}): ${ADVICE}`, { cause })
  }
}

/** Writes a file whole or not at all, whatever happens to the machine, readable by its owner only. */
export async function writeSecret(path: string, content: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true })
  const partial = `${path}.${process.pid}.new`
  const file = await open(partial, 'w', 0o600)
  try {
    await file.writeFile(content)
    await file.sync()
  } finally {
    await file.close()
  }
  await rename(partial, path)
}
