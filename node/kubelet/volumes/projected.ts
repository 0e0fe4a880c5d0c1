import type { Client } from '../../../api/client/client.ts'
import { serviceAccounts } from '../../../api/kinds/core.ts'
import type { Container, Pod, Volume } from '../../../api/kinds/types.ts'
import type { VolumePlugin } from '../../../plugins/volume.ts'
import { fieldValue, type PodFacts, resourceValue } from '../env/field-ref.ts'
import { type VolumeFile, writeAtomically } from './atomic-writer.ts'
import type { ObjectReader } from './objects.ts'

/** What volumes made from API objects need. */
export interface ProjectedSources {
  client: Client
  objects: ObjectReader
  facts(pod: Pod): PodFacts
}

interface KeyToPath {
  key: string
  path: string
  mode?: number
}

const DEFAULT_MODE = 0o644

/** configMap, secret, downwardAPI and projected volumes: files written all at once, written again when they change. */
export function projectedVolumes(sources: ProjectedSources): VolumePlugin {
  const tokens = createTokenSource(sources.client)
  return {
    name: 'skiff.dev/projected',
    supports: ({ configMap, secret, downwardAPI, projected }) =>
      Boolean(configMap || secret || downwardAPI || projected),
    async mount({ pod, volume, directory }) {
      const files = await volumeFiles(pod, volume, sources, tokens)
      const gid = pod.spec.securityContext?.fsGroup
      await writeAtomically(directory, files, gid === undefined ? undefined : { gid })
      return { hostPath: directory, readOnly: true }
    },
  }
}

type TokenSource = ReturnType<typeof createTokenSource>

async function volumeFiles(
  pod: Pod,
  volume: Volume,
  sources: ProjectedSources,
  tokens: TokenSource,
): Promise<VolumeFile[]> {
  const { configMap, secret, downwardAPI, projected } = volume
  if (configMap) return objectFiles(pod, 'configMap', configMap, configMap.defaultMode, sources)
  if (secret)
    return objectFiles(
      pod,
      'secret',
      { ...secret, name: secret.secretName ?? '' },
      secret.defaultMode,
      sources,
    )
  if (downwardAPI) return downwardFiles(pod, downwardAPI.items ?? [], downwardAPI.defaultMode, sources)
  const mode = projected!.defaultMode
  const parts = (projected!.sources ?? []).map(async source => {
    if (source.configMap) return objectFiles(pod, 'configMap', source.configMap, mode, sources)
    if (source.secret) return objectFiles(pod, 'secret', source.secret, mode, sources)
    if (source.downwardAPI) return downwardFiles(pod, source.downwardAPI.items ?? [], mode, sources)
    if (!source.serviceAccountToken) return []
    const { audience, expirationSeconds = 3_600, path } = source.serviceAccountToken
    const content = Buffer.from(await tokens.token(pod, audience, expirationSeconds))
    const hasOwner =
      pod.spec.securityContext?.fsGroup !== undefined || pod.spec.securityContext?.runAsUser !== undefined
    return [{ path, content, mode: hasOwner ? 0o600 : (mode ?? DEFAULT_MODE) }]
  })
  return (await Promise.all(parts)).flat()
}

interface ObjectSource {
  name?: string
  items?: KeyToPath[]
  optional?: boolean
}

async function objectFiles(
  pod: Pod,
  kind: 'configMap' | 'secret',
  { name = '', items, optional }: ObjectSource,
  mode: number | undefined,
  { objects }: ProjectedSources,
): Promise<VolumeFile[]> {
  const namespace = pod.metadata.namespace!
  const data = await objects[kind](namespace, name)
  if (!data) {
    if (optional) return []
    throw new Error(`${kind.toLowerCase()} "${name}" not found`)
  }
  const wanted = items ?? Object.keys(data).map((key): KeyToPath => ({ key, path: key }))
  return wanted.flatMap(({ key, path, mode: own }) => {
    const content = data[key]
    if (content) return [{ path, content, mode: own ?? mode ?? DEFAULT_MODE }]
    if (optional) return []
    throw new Error(`references non-existent ${kind === 'secret' ? 'secret' : 'config'} key: ${key}`)
  })
}

interface DownwardItem {
  path: string
  mode?: number
  fieldRef?: { fieldPath: string }
  resourceFieldRef?: { containerName?: string; resource: string; divisor?: unknown }
}

function downwardFiles(
  pod: Pod,
  items: unknown[],
  mode: number | undefined,
  { facts }: ProjectedSources,
): VolumeFile[] {
  return (items as DownwardItem[]).map(({ path, mode: own, fieldRef, resourceFieldRef }) => {
    const text = fieldRef
      ? fieldValue(pod, fieldRef.fieldPath, facts(pod))
      : resourceText(pod, resourceFieldRef!, facts(pod))
    return { path, content: Buffer.from(text), mode: own ?? mode ?? DEFAULT_MODE }
  })
}

function resourceText(pod: Pod, ref: NonNullable<DownwardItem['resourceFieldRef']>, facts: PodFacts): string {
  const container = pod.spec.containers.find(({ name }) => name === ref.containerName) as
    | Container
    | undefined
  if (!container) throw new Error(`container ${ref.containerName} not found`)
  return resourceValue(container, ref.resource, ref.divisor as string | undefined, facts)
}

/** Tokens of Pods' service accounts, asked for anew when four fifths of their life are over. */
function createTokenSource(client: Client) {
  const tokens = new Map<string, { token: string; renewAt: number }>()
  return {
    async token(pod: Pod, audience: string | undefined, expirationSeconds: number): Promise<string> {
      const key = [pod.metadata.uid, audience, expirationSeconds].join('|')
      const known = tokens.get(key)
      if (known && Date.now() < known.renewAt) return known.token
      const name = { namespace: pod.metadata.namespace, name: pod.spec.serviceAccountName || 'default' }
      const request = {
        apiVersion: 'authentication.k8s.io/v1',
        kind: 'TokenRequest',
        metadata: { name: name.name, namespace: name.namespace! },
        spec: {
          audiences: audience ? [audience] : [],
          expirationSeconds,
          boundObjectRef: { apiVersion: 'v1', kind: 'Pod', name: pod.metadata.name, uid: pod.metadata.uid },
        },
      }
      const answer = (await client.create(serviceAccounts, request as never, {
        name,
        subresource: 'token',
      })) as any
      const { token, expirationTimestamp } = answer.status
      const life = Date.parse(expirationTimestamp) - Date.now()
      tokens.set(key, { token, renewAt: Date.now() + life * 0.8 })
      return token
    },
  }
}
