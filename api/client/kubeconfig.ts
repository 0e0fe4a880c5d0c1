import { readFile } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { parse } from 'yaml'

/** How to reach an API server. Certificates and keys are PEM text. */
export interface ClientConfig {
  server: string
  ca?: string
  cert?: string
  key?: string
  token?: string
  /** Read again every minute, as bound tokens are renewed in place. */
  tokenFile?: string
  insecureSkipVerify?: boolean
  userAgent?: string
  /** Namespace of the context, `default` where it names none. */
  namespace?: string
}

/** A kubeconfig that cannot be used; names the file, the field and what was expected. */
export class KubeconfigError extends Error {
  readonly code = 'KUBECONFIG'
}

type Entry = Record<string, any>

/** Reads a kubeconfig and gives the connection its current context (or `context`) describes. */
export async function loadKubeconfig(path: string, context?: string): Promise<ClientConfig> {
  const text = await readFile(path, 'utf8').catch(cause => {
    throw new KubeconfigError(`cannot read kubeconfig ${path}: ${cause.message}`, { cause })
  })
  return readConfig(parseDocument(path, text), path, context)
}

function parseDocument(path: string, text: string): Entry {
  try {
    const document = parse(text)
    if (typeof document === 'object' && document !== null) return document
  } catch (cause) {
    throw new KubeconfigError(`kubeconfig ${path} is not YAML: ${(cause as Error).message}`, { cause })
  }
  throw new KubeconfigError(`kubeconfig ${path} is empty: expected clusters, users and contexts`)
}

async function readConfig(document: Entry, path: string, wanted?: string): Promise<ClientConfig> {
  const name = wanted ?? document['current-context']
  if (!name) throw new KubeconfigError(`kubeconfig ${path}: current-context is not set`)
  const context = find(document, path, 'contexts', name).context ?? {}
  const cluster = find(document, path, 'clusters', context.cluster).cluster ?? {}
  const user = context.user ? (find(document, path, 'users', context.user).user ?? {}) : {}
  if (!/^https?:\/\//.test(cluster.server ?? '')) {
    const found = JSON.stringify(cluster.server)
    throw new KubeconfigError(
      `kubeconfig ${path}: clusters[${context.cluster}].cluster.server is ${found}, expected an https:// URL`,
    )
  }
  const ca = await readPem(cluster, 'certificate-authority', path)
  return {
    server: cluster.server.replace(/\/$/, ''),
    ...(ca && { ca }),
    ...(await readCredentials(user, path)),
    ...(cluster['insecure-skip-tls-verify'] && { insecureSkipVerify: true }),
    namespace: context.namespace ?? 'default',
  }
}

/** How a client shows who it is. */
export type Credentials = Pick<ClientConfig, 'cert' | 'key' | 'token' | 'tokenFile'>

async function readCredentials(user: Entry, path: string): Promise<Credentials> {
  const [cert, key] = await Promise.all([
    readPem(user, 'client-certificate', path),
    readPem(user, 'client-key', path),
  ])
  return {
    ...(cert && { cert }),
    ...(key && { key }),
    ...(user.token && { token: user.token }),
    ...(user.tokenFile && { tokenFile: resolve(dirname(path), user.tokenFile) }),
  }
}

/** The users of a kubeconfig by name; that of the current context is told under `''` too. */
export async function loadUsers(path: string): Promise<Map<string, Credentials>> {
  const text = await readFile(path, 'utf8').catch(cause => {
    throw new KubeconfigError(`cannot read kubeconfig ${path}: ${cause.message}`, { cause })
  })
  const document = parseDocument(path, text)
  const users = new Map<string, Credentials>()
  for (const { name, user } of (document.users ?? []) as Entry[]) {
    users.set(name, await readCredentials(user ?? {}, path))
  }
  const context = (document.contexts as Entry[] | undefined)?.find(
    ({ name }) => name === document['current-context'],
  )?.context
  const current = users.get(context?.user)
  if (current) users.set('', current)
  return users
}

function find(document: Entry, path: string, list: string, name: string): Entry {
  const entry = (document[list] as Entry[] | undefined)?.find(item => item?.name === name)
  if (entry) return entry
  throw new KubeconfigError(`kubeconfig ${path}: ${list} has no entry named ${JSON.stringify(name)}`)
}

/** `field-data` (base64) wins over `field` (a file relative to the kubeconfig). */
async function readPem(entry: Entry, field: string, path: string): Promise<string | undefined> {
  const data = entry[`${field}-data`]
  if (data) return Buffer.from(data, 'base64').toString()
  if (!entry[field]) return undefined
  const file = resolve(dirname(path), entry[field])
  return readFile(file, 'utf8').catch(cause => {
    throw new KubeconfigError(`kubeconfig ${path}: ${field} ${file}: ${cause.message}`, { cause })
  })
}
