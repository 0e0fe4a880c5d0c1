import { readFile } from 'node:fs/promises'
import type { ExecPlugin } from '../../../api/client/exec-plugin.ts'
import { type Credentials, loadUsers } from '../../../api/client/kubeconfig.ts'

/** How this server shows a webhook who it is. */
export type WebhookCredentials = Credentials & {
  /** Called where the webhook did not know who it was. */
  refused?: () => void
}

/** How this server shows webhooks who it is, by where they are: `HOST:PORT`. @throws where a program gives nothing */
export type FindCredentials = (target: string) => WebhookCredentials | undefined | Promise<WebhookCredentials>

const HTTPS = ':443'

/**
 * Reads a kubeconfig whose users are named after webhooks: `name.namespace.svc`, `host:8443`, `*.example.com`, `*` for all
 * others.
 * @throws KubeconfigError, and where a token cannot be read
 */
export async function readWebhookUsers(file: string): Promise<FindCredentials> {
  const users = await loadUsers(file)
  const plugins = await pluginsOf(users)
  for (const [name, { tokenFile, ...user }] of users) {
    if (!tokenFile) continue
    const token = (await readFile(tokenFile, 'utf8')).trim()
    users.set(name, { ...user, token: user.token ?? token })
  }
  return target => {
    const short = target.endsWith(HTTPS) ? namesOf(target.slice(0, -HTTPS.length)) : []
    const name = [...namesOf(target), ...short, '*', ''].find(each => users.has(each))
    if (name === undefined) return undefined
    const plugin = plugins.get(name)
    return plugin ? ask(plugin) : users.get(name)
  }
}

/** The programs that give credentials of users. */
async function pluginsOf(users: ReadonlyMap<string, Credentials>): Promise<Map<string, ExecPlugin>> {
  const plugins = new Map<string, ExecPlugin>()
  for (const [name, { exec }] of users) {
    if (!exec) continue
    const { createExecPlugin } = await import('../../../api/client/exec-plugin.ts')
    plugins.set(name, createExecPlugin(exec))
  }
  return plugins
}

async function ask(plugin: ExecPlugin): Promise<WebhookCredentials> {
  return { ...(await plugin.credentials()), refused: () => plugin.refused() }
}

/** A name, and the patterns that it fits, the narrowest first. */
function namesOf(target: string): string[] {
  const steps = target.split('.')
  return [target, ...steps.slice(1).map((_, i) => `*.${steps.slice(i + 1).join('.')}`)]
}
