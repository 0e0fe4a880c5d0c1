import { X509Certificate } from 'node:crypto'
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { stringify } from 'yaml'
import type { CertificateRequest, KeyPair } from './certificates.ts'

export interface PkiOptions {
  hostnames: string[]
  addresses: string[]
  /** The `kubernetes` Service's address. */
  serviceAddress: string
}

/** The files of a cluster's certificates, all below one directory. */
export interface Pki {
  dir: string
  ca: KeyPair
  /** The API server's own. */
  serving: KeyPair
  /** What the API server shows to kubelets. */
  kubeletClient: KeyPair
  /** Signs tokens of service accounts. */
  serviceAccountKey: { privateKey: string; publicKey: string }
  clients: Record<ClientIdentity, KeyPair>
}

export type ClientIdentity = keyof typeof CLIENTS

const CLIENTS = {
  admin: { commonName: 'kubernetes-admin', organizations: ['system:masters'] },
  'controller-manager': { commonName: 'system:kube-controller-manager' },
  scheduler: { commonName: 'system:kube-scheduler' },
  network: { commonName: 'system:kube-proxy' },
} as const

const CA_DAYS = 3_650
const LEAF_DAYS = 365
/** Certificates are made anew when less than this is left. */
const RENEW_BEFORE = 30 * 86_400_000

/** A file of the PKI that cannot be used. */
export class PkiError extends Error {
  readonly code = 'PKI'
}

/**
 * The cluster's certificates in `dir`: made where they are missing, made anew before they expire or when the server's
 * names changed, and otherwise left as they are.
 */
export async function ensurePki(dir: string, options: PkiOptions): Promise<Pki> {
  await mkdir(dir, { recursive: true, mode: 0o700 })
  const ca = await ensurePair(dir, 'ca', async () => (await library()).createAuthority('kubernetes', CA_DAYS))
  const leaf = (name: string, request: Omit<CertificateRequest, 'ca' | 'days'>): Promise<KeyPair> =>
    ensurePair(
      dir,
      name,
      async () => (await library()).issueCertificate({ ...request, ca, days: LEAF_DAYS }),
      {
        ca,
        sans: request.sans,
      },
    )
  const [serving, kubeletClient, serviceAccountKey, ...clients] = await Promise.all([
    leaf('apiserver', { commonName: 'kube-apiserver', usage: 'server', sans: serverNames(options) }),
    leaf('apiserver-kubelet-client', {
      commonName: 'kube-apiserver-kubelet-client',
      organizations: ['system:masters'],
      usage: 'client',
    }),
    ensureSigningKey(dir),
    ...Object.entries(CLIENTS).map(async ([name, identity]) => [
      name,
      await leaf(name, {
        usage: 'client',
        commonName: identity.commonName,
        organizations: [...('organizations' in identity ? identity.organizations : [])],
      }),
    ]),
  ])
  return {
    dir,
    ca,
    serving,
    kubeletClient,
    serviceAccountKey,
    clients: Object.fromEntries(clients as never) as Pki['clients'],
  }
}

/** Issuing needs a heavy library; most starts issue nothing. */
const library = (): Promise<typeof import('./certificates.ts')> => import('./certificates.ts')

/** Signs a certificate, e.g. a node's. */
export async function issueCertificate(request: CertificateRequest): Promise<KeyPair> {
  return (await library()).issueCertificate(request)
}

const serverNames = ({ hostnames, addresses, serviceAddress }: PkiOptions) => ({
  dns: unique([
    'localhost',
    'kubernetes',
    'kubernetes.default',
    'kubernetes.default.svc',
    'kubernetes.default.svc.cluster.local',
    ...hostnames,
  ]),
  addresses: unique(['127.0.0.1', serviceAddress, ...addresses]),
})

const unique = (values: string[]): string[] => [...new Set(values)]

interface Wanted {
  ca: KeyPair
  sans: CertificateRequest['sans']
}

async function ensurePair(
  dir: string,
  name: string,
  create: () => Promise<KeyPair>,
  wanted?: Wanted,
): Promise<KeyPair> {
  const found = await readPair(dir, name)
  if (found && isUsable(join(dir, `${name}.crt`), found, wanted)) return found
  const made = await create()
  await writeSecret(join(dir, `${name}.key`), made.key)
  await writeSecret(join(dir, `${name}.crt`), made.cert)
  return made
}

async function readPair(dir: string, name: string): Promise<KeyPair | undefined> {
  const [cert, key] = await Promise.all(
    ['crt', 'key'].map(ending => readOptional(join(dir, `${name}.${ending}`))),
  )
  return cert !== undefined && key !== undefined ? { cert, key } : undefined
}

async function readOptional(path: string): Promise<string | undefined> {
  return readFile(path, 'utf8').catch(error => {
    if (error.code === 'ENOENT') return undefined
    throw new PkiError(`${path}: ${error.message}`, { cause: error })
  })
}

function isUsable(path: string, { cert }: KeyPair, wanted: Wanted | undefined): boolean {
  const certificate = parse(path, cert)
  if (Date.parse(certificate.validTo) - Date.now() < RENEW_BEFORE) return false
  if (!wanted) return true
  if (!certificate.verify(parse('the CA', wanted.ca.cert).publicKey)) return false
  const { dns = [], addresses = [] } = wanted.sans ?? {}
  return (
    dns.every(name => certificate.checkHost(name)) && addresses.every(address => certificate.checkIP(address))
  )
}

function parse(path: string, pem: string): X509Certificate {
  try {
    return new X509Certificate(pem)
  } catch (cause) {
    throw new PkiError(
      `${path} is damaged (${(cause as Error).message}): restore it, or remove it to have it made anew`,
      {
        cause,
      },
    )
  }
}

async function ensureSigningKey(dir: string): Promise<Pki['serviceAccountKey']> {
  const [privatePath, publicPath] = [join(dir, 'sa.key'), join(dir, 'sa.pub')]
  const [privateKey, publicKey] = await Promise.all([readOptional(privatePath), readOptional(publicPath)])
  if (privateKey && publicKey) return { privateKey, publicKey }
  const made = await (await library()).createSigningKey()
  await writeSecret(privatePath, made.privateKey)
  await writeSecret(publicPath, made.publicKey)
  return made
}

/** Whole or not at all, readable by its owner only. */
async function writeSecret(path: string, content: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true })
  const partial = `${path}.${process.pid}.new`
  await writeFile(partial, content, { mode: 0o600 })
  await rename(partial, path)
}

export interface KubeconfigContent {
  server: string
  ca: string
  client: KeyPair
  user: string
  cluster?: string
}

/** Writes a kubeconfig with everything in it, readable by its owner only. */
export async function writeKubeconfig(path: string, content: KubeconfigContent): Promise<void> {
  const { server, ca, client, user, cluster = 'skiff' } = content
  const base64 = (text: string): string => Buffer.from(text).toString('base64')
  const document = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: cluster, cluster: { server, 'certificate-authority-data': base64(ca) } }],
    users: [
      {
        name: user,
        user: { 'client-certificate-data': base64(client.cert), 'client-key-data': base64(client.key) },
      },
    ],
    contexts: [{ name: `${user}@${cluster}`, context: { cluster, user } }],
    'current-context': `${user}@${cluster}`,
  }
  await writeSecret(path, stringify(document, { lineWidth: 0 }))
}
