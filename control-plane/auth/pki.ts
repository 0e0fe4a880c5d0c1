import { createPublicKey } from 'node:crypto'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { CertificateRequest, KeyPair } from './certificates.ts'
import { PkiError, parseKey, readOptional, readPair, type StoredPair, writeSecret } from './pki-files.ts'

export { type KubeconfigContent, writeKubeconfig } from './kubeconfig.ts'
export { PkiError } from './pki-files.ts'

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
  /**
   * What the API server shows to servers it passes requests on to, and the authority it is signed by: they believe it who
   * made a request. An authority of its own, or anybody with a certificate of the cluster could say so.
   */
  frontProxy: { ca: KeyPair; client: KeyPair }
  /** Signs tokens of service accounts. */
  serviceAccountKey: { privateKey: string; publicKey: string }
  clients: Record<ClientIdentity, KeyPair>
}

export type ClientIdentity = keyof typeof CLIENTS

type LeafRequest = Omit<CertificateRequest, 'ca' | 'days'>

const CLIENTS = {
  admin: { commonName: 'kubernetes-admin', organizations: ['system:masters'] },
  'controller-manager': { commonName: 'system:kube-controller-manager', organizations: [] },
  scheduler: { commonName: 'system:kube-scheduler', organizations: [] },
  network: { commonName: 'system:kube-proxy', organizations: [] },
}

const KUBELET_CLIENT = { commonName: 'kube-apiserver-kubelet-client', organizations: ['system:masters'] }
const FRONT_PROXY_CLIENT: LeafRequest = { commonName: 'front-proxy-client', usage: 'client' }
const CA_NAME = 'kubernetes'
const CA_DAYS = 3_650
const LEAF_DAYS = 365
/** Certificates are made anew when less than this is left, in milliseconds. */
const RENEW_BEFORE = 30 * 86_400_000

/**
 * The cluster's certificates in `dir`: made where they are missing, made anew before they expire or when the server's
 * names changed, and otherwise left as they are.
 * @throws PkiError naming the file that is damaged or cannot be read
 */
export async function ensurePki(dir: string, options: PkiOptions): Promise<Pki> {
  await mkdir(dir, { recursive: true, mode: 0o700 })
  const [ca, frontProxyCa] = await Promise.all([
    ensureAuthority(dir, 'ca', CA_NAME),
    ensureAuthority(dir, 'front-proxy-ca', 'front-proxy-ca'),
  ])
  const leaf = (name: string, request: LeafRequest): Promise<KeyPair> => ensureLeaf(dir, ca, name, request)
  const names = Object.keys(CLIENTS) as ClientIdentity[]
  const [serving, kubeletClient, frontProxyClient, serviceAccountKey, ...clients] = await Promise.all([
    leaf('apiserver', { commonName: 'kube-apiserver', usage: 'server', sans: serverNames(options) }),
    leaf('apiserver-kubelet-client', { ...KUBELET_CLIENT, usage: 'client' }),
    ensureLeaf(dir, frontProxyCa, 'front-proxy-client', FRONT_PROXY_CLIENT),
    ensureSigningKey(dir),
    ...names.map(name => leaf(name, { ...CLIENTS[name], usage: 'client' })),
  ])
  return {
    dir,
    ca,
    serving,
    kubeletClient,
    frontProxy: { ca: frontProxyCa, client: frontProxyClient },
    serviceAccountKey,
    clients: Object.fromEntries(names.map((name, i) => [name, clients[i]])) as Pki['clients'],
  }
}

/** Issuing needs a heavy library; most starts issue nothing. */
const library = (): Promise<typeof import('./certificates.ts')> => import('./certificates.ts')

/** Signs a certificate, e.g. a node's (`system:node:NAME` in `system:nodes`), with a new key. */
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

const isFresh = ({ certificate }: StoredPair): boolean =>
  Date.parse(certificate.validTo) - Date.now() >= RENEW_BEFORE

/** An old authority is signed again with its own key, so that what it signed stays good. */
async function ensureAuthority(dir: string, name: string, commonName: string): Promise<KeyPair> {
  const found = await readPair(dir, name)
  const [path, keyPath] = [join(dir, `${name}.crt`), join(dir, `${name}.key`)]
  if (found && !found.isMatched) throw new PkiError(`${keyPath} is not the key of ${path}: restore both`)
  if (found && isFresh(found)) return found
  const key = found?.key ?? (await readOptional(keyPath))
  if (key !== undefined) parseKey(keyPath, key)
  else await refuseLostKey(path, keyPath)
  return save(dir, name, await (await library()).createAuthority(commonName, CA_DAYS, key))
}

/** A new authority would make every certificate of the cluster worthless: never because a file got lost. */
async function refuseLostKey(path: string, keyPath: string): Promise<void> {
  if ((await readOptional(path)) === undefined) return
  throw new PkiError(
    `${keyPath} is missing beside ${path}: restore it, or remove ${path} too to have a new authority and all certificates of the cluster made anew`,
  )
}

async function ensureLeaf(dir: string, ca: KeyPair, name: string, request: LeafRequest): Promise<KeyPair> {
  const found = await readPair(dir, name)
  const isGood = found?.isMatched && isFresh(found) && isSignedBy(found, ca) && covers(found, request.sans)
  if (isGood) return found
  return save(dir, name, await issueCertificate({ ...request, ca, days: LEAF_DAYS }))
}

const isSignedBy = ({ certificate }: StoredPair, ca: KeyPair): boolean =>
  certificate.verify(createPublicKey(ca.cert))

function covers(
  { certificate }: StoredPair,
  { dns = [], addresses = [] }: CertificateRequest['sans'] = {},
): boolean {
  return (
    dns.every(name => certificate.checkHost(name)) && addresses.every(address => certificate.checkIP(address))
  )
}

async function save(dir: string, name: string, made: KeyPair): Promise<KeyPair> {
  await writeSecret(join(dir, `${name}.key`), made.key)
  await writeSecret(join(dir, `${name}.crt`), made.cert)
  return made
}

/** The public half follows from the private one, so only that can be lost. */
async function ensureSigningKey(dir: string): Promise<Pki['serviceAccountKey']> {
  const [path, publicPath] = [join(dir, 'sa.key'), join(dir, 'sa.pub')]
  const found = await readOptional(path)
  const privateKey = found ?? (await (await library()).createSigningKey()).privateKey
  const publicKey = createPublicKey(parseKey(path, privateKey))
    .export({ type: 'spki', format: 'pem' })
    .toString()
  if (!found) await writeSecret(path, privateKey)
  if ((await readOptional(publicPath)) !== publicKey) await writeSecret(publicPath, publicKey)
  return { privateKey, publicKey }
}
