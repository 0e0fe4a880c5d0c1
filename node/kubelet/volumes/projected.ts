import type { Client } from '../../../api/client/client.ts'
import type { Pod, Volume } from '../../../api/kinds/types.ts'
import type { VolumePlugin, VolumeSource } from '../../../plugins/volume.ts'
import { fieldValue, namedContainer, type PodFacts, resourceValue } from '../env/field-ref.ts'
import { type VolumeFile, writeAtomically } from './atomic-writer.ts'
import type { ObjectReader } from './objects.ts'
import { groupOf, openToPod } from './ownership.ts'
import { createTokenSource, type TokenSource } from './tokens.ts'

/** What volumes made from API objects need. */
export interface ProjectedSources {
  client: Client
  objects: ObjectReader
  facts(pod: Pod): PodFacts
}

interface Projection {
  files: VolumeFile[]
  /** When a token of it must be renewed (milliseconds since the epoch). */
  renewAt?: number
}

type Context = ProjectedSources & { tokens: TokenSource; pod: Pod }
type Source = NonNullable<NonNullable<Volume['projected']>['sources']>[number]

const DEFAULT_MODE = 0o644
const TOKEN_MODE = 0o600
const DEFAULT_TOKEN_SECONDS = 3_600

/** configMap, secret, downwardAPI and projected volumes: files written all at once, written again when they change. */
export function projectedVolumes(sources: ProjectedSources): VolumePlugin {
  const tokens = createTokenSource(sources.client)
  return {
    name: 'kubernetes.io/projected',
    canSupport: ({ configMap, secret, downwardAPI, projected }) =>
      Boolean(configMap || secret || downwardAPI || projected),
    async mount({ pod, volume, directory }) {
      const { files, renewAt } = await project(volume, { ...sources, tokens, pod })
      await openToPod(directory, pod)
      await writeAtomically(directory, files, groupOf(pod))
      const refreshAfter = renewAt && Math.max(0, renewAt - Date.now())
      return { hostPath: directory, readOnly: true, ...(refreshAfter !== undefined && { refreshAfter }) }
    },
    async unmount({ podUid }) {
      tokens.forget(podUid)
    },
    sources: ({ pod, volume }) =>
      sourcesOf(volume).flatMap(source => objectOf(source, pod.metadata.namespace!)),
    showsPod: volume => sourcesOf(volume).some(({ downwardAPI }) => downwardAPI),
  }
}

/** Every volume made from API objects, as the sources of a projected one. */
function sourcesOf({ configMap, secret, downwardAPI, projected }: Volume): Source[] {
  if (configMap) return [{ configMap }]
  if (secret) {
    const { secretName = '', items, optional } = secret
    return [{ secret: { name: secretName, ...(items && { items }), ...(optional && { optional }) } }]
  }
  if (downwardAPI) return [{ downwardAPI }]
  return [...(projected?.sources ?? [])]
}

function objectOf({ configMap, secret }: Source, namespace: string): VolumeSource[] {
  if (configMap?.name) return [{ kind: 'ConfigMap', namespace, name: configMap.name }]
  return secret?.name ? [{ kind: 'Secret', namespace, name: secret.name }] : []
}

async function project(volume: Volume, context: Context): Promise<Projection> {
  const { configMap, secret, downwardAPI, projected } = volume
  const mode = (configMap ?? secret ?? downwardAPI ?? projected)?.defaultMode ?? DEFAULT_MODE
  const results = await Promise.allSettled(sourcesOf(volume).map(source => projectOne(source, mode, context)))
  const errors = results.flatMap(result => (result.status === 'rejected' ? [result.reason.message] : []))
  if (errors.length > 0) throw new Error(errors.length === 1 ? errors[0] : `[${errors.join(', ')}]`)
  const parts = results.flatMap(result => (result.status === 'fulfilled' ? [result.value] : []))
  const renewals = parts.flatMap(({ renewAt }) => renewAt ?? [])
  return {
    files: parts.flatMap(({ files }) => files),
    ...(renewals.length > 0 && { renewAt: Math.min(...renewals) }),
  }
}

async function projectOne(source: Source, mode: number, context: Context): Promise<Projection> {
  const { configMap, secret, downwardAPI, serviceAccountToken } = source
  if (configMap) return { files: await objectFiles('configMap', configMap, mode, context) }
  if (secret) return { files: await objectFiles('secret', secret, mode, context) }
  if (downwardAPI) return { files: downwardFiles(downwardAPI.items ?? [], mode, context) }
  if (!serviceAccountToken) return { files: [] }
  return tokenFile(serviceAccountToken, mode, context)
}

async function tokenFile(
  { audience, expirationSeconds = DEFAULT_TOKEN_SECONDS, path }: NonNullable<Source['serviceAccountToken']>,
  mode: number,
  { pod, tokens }: Context,
): Promise<Projection> {
  const { token, renewAt } = await tokens.token(pod, audience, expirationSeconds)
  const uid = commonUser(pod)
  const isOwned = uid !== undefined || groupOf(pod) !== undefined
  const file = { path, content: Buffer.from(token), mode: isOwned ? TOKEN_MODE : mode }
  return { files: [{ ...file, ...(uid !== undefined && { uid }) }], renewAt }
}

/** The user all containers run as, where that is one: the token is then theirs alone. */
function commonUser({ spec }: Pod): number | undefined {
  const containers = [...spec.containers, ...(spec.initContainers ?? [])]
  const users = containers.map(
    ({ securityContext }) => securityContext?.runAsUser ?? spec.securityContext?.runAsUser,
  )
  return users.every(user => user === users[0]) ? users[0] : undefined
}

interface ObjectSource {
  name?: string
  items?: readonly { key: string; path: string; mode?: number }[]
  optional?: boolean
}

async function objectFiles(
  kind: 'configMap' | 'secret',
  { name = '', items, optional }: ObjectSource,
  mode: number,
  { objects, pod }: Context,
): Promise<VolumeFile[]> {
  const data = await objects[kind](pod.metadata.namespace!, name)
  if (!data) {
    if (optional) return []
    throw new Error(`${kind.toLowerCase()} "${name}" not found`)
  }
  const wanted = items?.length ? items : Object.keys(data).map(key => ({ key, path: key, mode: undefined }))
  return wanted.flatMap(({ key, path, mode: own }) => {
    const content = data[key]
    if (content) return [{ path, content, mode: own ?? mode }]
    if (optional) return []
    const missing =
      kind === 'secret' ? 'references non-existent secret' : 'configmap references non-existent config'
    throw new Error(`${missing} key: ${key}`)
  })
}

type DownwardItem = NonNullable<NonNullable<Volume['downwardAPI']>['items']>[number]

function downwardFiles(items: readonly DownwardItem[], mode: number, { pod, facts }: Context): VolumeFile[] {
  return items.map(({ path, mode: own, fieldRef, resourceFieldRef }) => {
    const text = fieldRef
      ? fieldValue(pod, fieldRef.fieldPath, facts(pod))
      : resourceText(pod, resourceFieldRef!, facts(pod))
    return { path, content: Buffer.from(text), mode: own ?? mode }
  })
}

function resourceText(
  pod: Pod,
  { containerName = '', resource, divisor }: NonNullable<DownwardItem['resourceFieldRef']>,
  facts: PodFacts,
): string {
  return resourceValue(namedContainer(pod, containerName), resource, divisor as string | undefined, facts)
}
