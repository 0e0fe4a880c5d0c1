import type { Credentials, ExecConfig } from './kubeconfig.ts'

/** What a program gave as credentials; `expires` is milliseconds since 1970, Infinity where it did not say. */
interface Given {
  credentials: Credentials
  expires: number
}

/** The cluster that credentials are for, as `provideClusterInfo` tells it to the program. */
export interface ClusterInfo {
  server: string
  ca?: string | undefined
  insecureSkipVerify?: boolean | undefined
}

/** A program that gives credentials (client.authentication.k8s.io), run when there are none that are good. */
export interface ExecPlugin {
  /** @throws Error in client-go's words */
  credentials(): Promise<Credentials>
  /** The server took the credentials for wrong: the program is asked again. */
  refused(): void
}

/** A program that takes longer is ended. Milliseconds. */
const DEADLINE = 60_000
const LARGEST_OUTPUT = 1 << 20

export function createExecPlugin(config: ExecConfig, cluster?: ClusterInfo): ExecPlugin {
  let latest: Promise<Given> | undefined
  let expires = Number.POSITIVE_INFINITY
  const ask = (): Promise<Given> => {
    expires = Number.POSITIVE_INFINITY
    const asked = run(config, cluster)
    latest = asked
    asked.then(
      given => {
        if (latest === asked) expires = given.expires
      },
      () => {
        if (latest === asked) latest = undefined
      },
    )
    return asked
  }
  return {
    async credentials() {
      const known = expires > Date.now() ? latest : undefined
      return (await (known ?? ask())).credentials
    },
    refused() {
      latest = undefined
    },
  }
}

async function run(config: ExecConfig, cluster: ClusterInfo | undefined): Promise<Given> {
  try {
    if (config.interactiveMode === 'Always') {
      throw new Error('exec plugin cannot support interactive mode: standard input is not a terminal')
    }
    return read(await output(config, infoOf(config, cluster)), config.apiVersion)
  } catch (cause) {
    throw new Error(`getting credentials: ${(cause as Error).message}`, { cause })
  }
}

/** The variable KUBERNETES_EXEC_INFO. */
function infoOf({ apiVersion, provideClusterInfo }: ExecConfig, cluster: ClusterInfo | undefined): string {
  const spec = {
    interactive: false,
    ...(provideClusterInfo &&
      cluster && {
        cluster: {
          server: cluster.server,
          ...(cluster.ca && { 'certificate-authority-data': Buffer.from(cluster.ca).toString('base64') }),
          ...(cluster.insecureSkipVerify && { 'insecure-skip-tls-verify': true }),
        },
      }),
  }
  return JSON.stringify({ kind: 'ExecCredential', apiVersion, spec })
}

async function output({ command, args, env, installHint }: ExecConfig, info: string): Promise<string> {
  const { execFile } = await import('node:child_process')
  return await new Promise((resolve, reject) => {
    const options = {
      env: { ...process.env, ...env, KUBERNETES_EXEC_INFO: info },
      timeout: DEADLINE,
      killSignal: 'SIGKILL',
      maxBuffer: LARGEST_OUTPUT,
    } as const
    const child = execFile(command, args, options, (error, stdout) => {
      if (!error) resolve(stdout)
      else reject(new Error(failure(command, error, installHint), { cause: error }))
    })
    child.stdin?.end()
  })
}

function failure(command: string, { code, message }: Error & { code?: unknown }, hint?: string): string {
  if (code === 'ENOENT' || code === 'EACCES') {
    return `exec: executable ${command} not found${hint ? `\n\n${hint}` : ''}`
  }
  return typeof code === 'number'
    ? `exec: executable ${command} failed with exit code ${code}`
    : `exec: ${message}`
}

function read(text: string, wanted: string): Given {
  const { apiVersion, kind, status } = parse(text)
  if (kind !== 'ExecCredential' || apiVersion !== wanted) {
    throw new Error(
      `exec plugin is configured to use API version ${wanted}, plugin returned version ${apiVersion}`,
    )
  }
  if (!status) throw new Error("exec plugin didn't return a status field")
  const { token, clientCertificateData: cert, clientKeyData: key, expirationTimestamp } = status
  if (!token && !cert && !key) throw new Error("exec plugin didn't return a token or cert/key pair")
  if (!cert !== !key) throw new Error('exec plugin returned only certificate or key, not both')
  return {
    credentials: { ...(token && { token }), ...(cert && { cert, key }) },
    expires: expirationTimestamp ? Date.parse(expirationTimestamp) : Number.POSITIVE_INFINITY,
  }
}

function parse(text: string): any {
  try {
    return Object(JSON.parse(text))
  } catch (cause) {
    throw new Error(`decoding stdout: ${(cause as Error).message}`, { cause })
  }
}
