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
  /** Basic authentication. */
  username?: string
  password?: string
  /** A program that gives a token, or certificate and key. */
  exec?: ExecConfig
  insecureSkipVerify?: boolean
  userAgent?: string
  /** Namespace of the context, `default` where it names none. */
  namespace?: string
}

/** A program that gives credentials: `users[].user.exec`. */
export interface ExecConfig {
  /** A path, or a name to be found in PATH. */
  command: string
  args: string[]
  /** Variables beside those of this process. */
  env: Record<string, string>
  /** Of ExecCredential. */
  apiVersion: string
  provideClusterInfo: boolean
  installHint?: string
  interactiveMode: 'Never' | 'IfAvailable' | 'Always'
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
    ...(await readCredentials(user, path, context.user)),
    ...(cluster['insecure-skip-tls-verify'] && { insecureSkipVerify: true }),
    namespace: context.namespace ?? 'default',
  }
}

/** How a client shows who it is. */
export type Credentials = Pick<
  ClientConfig,
  'cert' | 'key' | 'token' | 'tokenFile' | 'username' | 'password' | 'exec'
>

async function readCredentials(user: Entry, path: string, name: string): Promise<Credentials> {
  const { username, password, exec } = user
  checkMethods(user, path, name)
  const [cert, key] = await Promise.all([
    readPem(user, 'client-certificate', path),
    readPem(user, 'client-key', path),
  ])
  return {
    ...(cert && { cert }),
    ...(key && { key }),
    ...(user.token && { token: user.token }),
    ...(user.tokenFile && { tokenFile: resolve(dirname(path), user.tokenFile) }),
    ...((username || password) && { username: username ?? '', password: password ?? '' }),
    ...(exec && { exec: readExec(exec, path, name) }),
  }
}

/** Ways to be known by that exclude each other. */
function checkMethods(
  { token, tokenFile, username, password, exec }: Entry,
  path: string,
  name: string,
): void {
  const methods = [
    ...(token || tokenFile ? ['token'] : []),
    ...(username || password ? ['basicAuth'] : []),
    ...(exec ? ['exec'] : []),
  ]
  if (methods.length < 2) return
  const found = `more than one authentication method found for ${name}; found [${methods.join(' ')}]`
  throw new KubeconfigError(`kubeconfig ${path}: ${found}, only one is allowed`)
}

const EXEC_VERSIONS = ['client.authentication.k8s.io/v1', 'client.authentication.k8s.io/v1beta1']
const MODES: unknown[] = ['Never', 'IfAvailable', 'Always']

function readExec(exec: Entry, path: string, name: string): ExecConfig {
  const refuse = (fault: string): never => {
    throw new KubeconfigError(`kubeconfig ${path}: ${fault}`)
  }
  const lacks = (what: string) =>
    refuse(`${what} must be specified for ${name} to use exec authentication plugin`)
  const { command, apiVersion, args, env = [], provideClusterInfo = false, installHint } = exec
  if (!command) lacks('command')
  if (!apiVersion) lacks('apiVersion')
  if (!EXEC_VERSIONS.includes(apiVersion))
    refuse(`exec plugin: invalid apiVersion ${JSON.stringify(apiVersion)}`)
  for (const variable of (env ?? []) as Entry[]) if (!variable?.name) lacks('env variable name')
  const isOld = apiVersion === EXEC_VERSIONS[1]
  const interactiveMode = exec.interactiveMode ?? (isOld ? 'IfAvailable' : lacks('interactiveMode'))
  if (!MODES.includes(interactiveMode)) {
    refuse(`invalid interactiveMode for ${name}: ${JSON.stringify(interactiveMode)}`)
  }
  return {
    // A path is seen from where the kubeconfig is; a name is looked for in PATH.
    command: command.includes('/') ? resolve(dirname(path), command) : command,
    args: (args ?? []).map(String),
    env: Object.fromEntries(
      ((env ?? []) as Entry[]).map(variable => [variable.name, String(variable.value ?? '')]),
    ),
    apiVersion,
    provideClusterInfo,
    ...(installHint && { installHint }),
    interactiveMode,
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
    users.set(name, await readCredentials(user ?? {}, path, name))
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
