import { readFile } from 'node:fs/promises'
import { type Credentials, loadUsers } from '../../../api/client/kubeconfig.ts'

/** How this server shows webhooks who it is, by where they are: `HOST:PORT`. */
export type FindCredentials = (target: string) => Credentials | undefined

const HTTPS = ':443'

/**
 * Reads a kubeconfig whose users are named after webhooks: `name.namespace.svc`, `host:8443`, `*.example.com`, `*` for all
 * others.
 * @throws KubeconfigError, and where a token cannot be read
 */
export async function readWebhookUsers(file: string): Promise<FindCredentials> {
  const users = await loadUsers(file)
  for (const [name, { tokenFile, ...user }] of users) {
    if (!tokenFile) continue
    const token = (await readFile(tokenFile, 'utf8')).trim()
    users.set(name, { ...user, token: user.token ?? token })
  }
  return target => {
    const short = target.endsWith(HTTPS) ? namesOf(target.slice(0, -HTTPS.length)) : []
    const name = [...namesOf(target), ...short, '*', ''].find(each => users.has(each))
    return name === undefined ? undefined : users.get(name)
  }
}

/** A name, and the patterns that it fits, the narrowest first. */
function namesOf(target: string): string[] {
  const steps = target.split('.')
  return [target, ...steps.slice(1).map((_, i) => `*.${steps.slice(i + 1).join('.')}`)]
}
