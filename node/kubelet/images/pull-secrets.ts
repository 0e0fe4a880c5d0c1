import type { Pod } from '../../../api/kinds/types.ts'
import type { AuthConfig } from '../../../plugins/runtime.ts'
import type { ObjectReader } from '../volumes/objects.ts'
import { normalizeReference } from './reference.ts'

interface DockerConfig {
  auths?: Record<string, { username?: string; password?: string; auth?: string }>
}

/** Credentials for an image from the Pod's imagePullSecrets, those of the most specific registry path first. */
export async function pullSecrets(pod: Pod, image: string, objects: ObjectReader): Promise<AuthConfig[]> {
  const names = (pod.spec.imagePullSecrets ?? []).flatMap(({ name }) => (name ? [name] : []))
  const secrets = await Promise.all(names.map(name => objects.secret(pod.metadata.namespace!, name)))
  return secrets.flatMap(secret => (secret ? authsFor(image, parseConfig(secret)) : []))
}

function parseConfig(secret: Record<string, Buffer>): DockerConfig {
  const text = secret['.dockerconfigjson']?.toString()
  const old = secret['.dockercfg']?.toString()
  try {
    if (text) return JSON.parse(text)
    return old ? { auths: JSON.parse(old) } : {}
  } catch {
    return {}
  }
}

function authsFor(image: string, { auths = {} }: DockerConfig): AuthConfig[] {
  const name = normalizeReference(image)
  const matching = Object.keys(auths).filter(server => name.startsWith(registryOf(server)))
  return matching
    .sort((a, b) => b.length - a.length)
    .map(serverAddress => {
      const { username, password, auth } = auths[serverAddress]!
      const [user, ...rest] = auth ? Buffer.from(auth, 'base64').toString().split(':') : [username]
      return { username: user ?? '', password: auth ? rest.join(':') : (password ?? ''), serverAddress }
    })
}

/** `https://index.docker.io/v1/` is what docker calls its own registry. */
function registryOf(server: string): string {
  const bare = server.replace(/^https?:\/\//, '').replace(/\/(v1\/?|v2\/?)?$/, '')
  return bare === 'index.docker.io' ? 'docker.io' : bare
}
