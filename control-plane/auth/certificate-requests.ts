import 'reflect-metadata'
import { createPublicKey, verify } from 'node:crypto'
import { Pkcs10CertificateRequest } from '@peculiar/x509'

const TYPE = 'CERTIFICATE REQUEST'
const PEM = /-----BEGIN ([A-Z0-9 ]+)-----\s([\s\S]+?)-----END \1-----/

/** Who a request for a certificate says it is for. */
export interface RequestSubject {
  commonName: string
  organizations: string[]
}

function parse(request: string): Pkcs10CertificateRequest | undefined {
  const [pem, type] = PEM.exec(Buffer.from(request, 'base64').toString('latin1')) ?? []
  return type === TYPE ? new Pkcs10CertificateRequest(pem!) : undefined
}

/** The subject of a request in base64 (PEM within); an empty one when it cannot be read. */
export function requestSubject(request: string): RequestSubject {
  try {
    const subject = parse(request)?.subjectName
    return { commonName: subject?.getField('CN')[0] ?? '', organizations: subject?.getField('O') ?? [] }
  } catch {
    return { commonName: '', organizations: [] }
  }
}

/** What is wrong with a request for a certificate, in base64: its form, or the signature by which its key is proven. */
export function requestFault(request: string): string | undefined {
  let parsed: Pkcs10CertificateRequest | undefined
  try {
    parsed = parse(request)
  } catch {
    return 'asn1: structure error: the request cannot be read'
  }
  if (!parsed) return `PEM block type must be ${TYPE}`
  return signatureFault(parsed)
}

/** By the type of the key, in the words of Go. */
const FORGED: Record<string, string> = {
  rsa: 'crypto/rsa: verification error',
  ec: 'x509: ECDSA verification failure',
  ed25519: 'x509: Ed25519 verification failure',
}
const UNKNOWN = 'x509: cannot verify signature: algorithm unimplemented'

/** Whoever asks must have the private key, and shows it by the signature. */
function signatureFault(request: Pkcs10CertificateRequest): string | undefined {
  try {
    const { hash } = request.signatureAlgorithm as unknown as { hash?: { name: string } }
    const key = createPublicKey({ key: Buffer.from(request.publicKey.rawData), format: 'der', type: 'spki' })
    const type = key.asymmetricKeyType ?? ''
    const digest = type === 'ed25519' ? null : hash?.name.replace('-', '')
    if (digest === undefined || !FORGED[type]) return UNKNOWN
    const isGenuine = verify(
      digest,
      signedPart(Buffer.from(request.rawData)),
      key,
      Buffer.from(request.signature),
    )
    return isGenuine ? undefined : FORGED[type]
  } catch {
    return UNKNOWN
  }
}

/** The first part of the outer sequence, as it stands there. */
function signedPart(der: Buffer): Buffer {
  const start = contentOf(der, 0).start
  return der.subarray(start, contentOf(der, start).end)
}

/** Where the content of a DER element begins and ends. */
function contentOf(der: Buffer, at: number): { start: number; end: number } {
  const first = der[at + 1]!
  if (first < 0x80) return { start: at + 2, end: at + 2 + first }
  const bytes = first & 0x7f
  const length = der.readUIntBE(at + 2, bytes)
  const start = at + 2 + bytes
  return { start, end: start + length }
}
