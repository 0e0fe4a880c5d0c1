import 'reflect-metadata'
import { createPrivateKey, createPublicKey, webcrypto } from 'node:crypto'
import * as x509 from '@peculiar/x509'

/** A certificate and its private key, PEM. */
export interface KeyPair {
  cert: string
  key: string
}

export interface CertificateRequest {
  ca: KeyPair
  /** The user's name for a client certificate. */
  commonName: string
  /** The user's groups. */
  organizations?: string[]
  /** DNS names and addresses of a server certificate. */
  sans?: { dns?: string[]; addresses?: string[] }
  usage: 'client' | 'server'
  days: number
}

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }
const DAY = 86_400_000
/** Clocks of machines differ: certificates begin this much before now. */
const CLOCK_SKEW = 300_000
const USAGES = {
  client: '1.3.6.1.5.5.7.3.2',
  server: '1.3.6.1.5.5.7.3.1',
}

x509.cryptoProvider.set(webcrypto as never)

const newKeys = (): Promise<CryptoKeyPair> =>
  webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']) as Promise<CryptoKeyPair>

type CryptoKeyPair = { privateKey: webcrypto.CryptoKey; publicKey: webcrypto.CryptoKey }

async function exportKey(key: webcrypto.CryptoKey): Promise<string> {
  const bytes = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', key))
  return toPem('PRIVATE KEY', bytes)
}

const toPem = (label: string, bytes: Buffer): string =>
  `-----BEGIN ${label}-----\n${bytes.toString('base64').replace(/.{64}(?=.)/g, '$&\n')}\n-----END ${label}-----\n`

async function importKey(pem: string): Promise<webcrypto.CryptoKey> {
  const bytes = Buffer.from(pem.replace(/-----[^-]+-----|\s/g, ''), 'base64')
  return webcrypto.subtle.importKey('pkcs8', bytes, ALGORITHM, false, ['sign'])
}

/** Both halves of a key, of which only the private one is on disk. */
async function importKeys(pem: string): Promise<CryptoKeyPair> {
  const spki = createPublicKey(pem).export({ type: 'spki', format: 'der' })
  const pkcs8 = createPrivateKey(pem).export({ type: 'pkcs8', format: 'der' })
  const { subtle } = webcrypto
  return {
    privateKey: await subtle.importKey('pkcs8', pkcs8, ALGORITHM, true, ['sign']),
    publicKey: await subtle.importKey('spki', spki, ALGORITHM, true, ['verify']),
  }
}

const serialNumber = (): string =>
  Buffer.from(webcrypto.getRandomValues(new Uint8Array(8)))
    .toString('hex')
    .replace(/^./, '1')

/** A key for signing tokens, PKCS #8. */
export async function createSigningKey(): Promise<{ privateKey: string }> {
  return { privateKey: await exportKey((await newKeys()).privateKey) }
}

/** A certificate authority of its own; with the key of an older one where that is given (PKCS #8, PEM). */
export async function createAuthority(commonName: string, days: number, key?: string): Promise<KeyPair> {
  const keys = key === undefined ? await newKeys() : await importKeys(key)
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    name: [{ CN: [commonName] }],
    serialNumber: serialNumber(),
    notBefore: new Date(Date.now() - CLOCK_SKEW),
    notAfter: new Date(Date.now() + days * DAY),
    keys: keys as never,
    signingAlgorithm: ALGORITHM,
    extensions: [
      new x509.BasicConstraintsExtension(true, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.digitalSignature, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey as never),
    ],
  })
  return { cert: `${certificate.toString('pem')}\n`, key: await exportKey(keys.privateKey) }
}

/** A certificate signed by the authority, with a new key. */
export async function issueCertificate(request: CertificateRequest): Promise<KeyPair> {
  const { ca, commonName, organizations = [], sans, usage, days } = request
  const keys = await newKeys()
  const issuer = new x509.X509Certificate(ca.cert)
  const certificate = await x509.X509CertificateGenerator.create({
    subject: [...organizations.map(O => ({ O: [O] })), { CN: [commonName] }],
    issuer: issuer.subjectName.toJSON(),
    serialNumber: serialNumber(),
    notBefore: new Date(Date.now() - CLOCK_SKEW),
    notAfter: new Date(Math.min(Date.now() + days * DAY, issuer.notAfter.getTime())),
    signingKey: (await importKey(ca.key)) as never,
    publicKey: keys.publicKey as never,
    signingAlgorithm: ALGORITHM,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([USAGES[usage]]),
      await x509.AuthorityKeyIdentifierExtension.create(issuer.publicKey),
      ...alternativeNames(sans),
    ],
  })
  return { cert: `${certificate.toString('pem')}\n`, key: await exportKey(keys.privateKey) }
}

function alternativeNames({
  dns = [],
  addresses = [],
}: NonNullable<CertificateRequest['sans']> = {}): x509.Extension[] {
  const names = [
    ...dns.map(value => ({ type: 'dns' as const, value })),
    ...addresses.map(value => ({ type: 'ip' as const, value })),
  ]
  return names.length === 0 ? [] : [new x509.SubjectAlternativeNameExtension(names)]
}
