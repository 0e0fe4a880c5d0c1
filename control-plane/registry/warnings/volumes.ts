import { parseQuantity, quantityMilli } from '../../../api/meta/quantity.ts'
import { selectorTermWarnings } from './node-labels.ts'

const BETA_CLASS = 'volume.beta.kubernetes.io/storage-class'
const MOUNT_OPTIONS = 'volume.beta.kubernetes.io/mount-options'
const CLASS_ADVICE = 'deprecated since v1.8; use "storageClassName" attribute instead'

/** Sources of volumes that no longer do anything, or soon will not. */
const OLD_SOURCES: Record<string, string> = {
  photonPersistentDisk: 'deprecated in v1.11, non-functional in v1.16+',
  gitRepo: 'deprecated in v1.11, and disabled by default in v1.33+',
  scaleIO: 'deprecated in v1.16, non-functional in v1.22+',
  flocker: 'deprecated in v1.22, non-functional in v1.25+',
  storageos: 'deprecated in v1.22, non-functional in v1.25+',
  quobyte: 'deprecated in v1.22, non-functional in v1.25+',
  glusterfs: 'deprecated in v1.25, non-functional in v1.26+',
  cephfs: 'deprecated in v1.28, non-functional in v1.31+',
  rbd: 'deprecated in v1.28, non-functional in v1.31+',
}

/** What is said of the kind of a volume. Upstream writes one of the fields otherwise than it is called. */
export const sourceWarnings = (volume: any, path: string): string[] =>
  Object.keys(volume).flatMap(source =>
    OLD_SOURCES[source]
      ? [`${path}.${source === 'storageos' ? 'storageOS' : source}: ${OLD_SOURCES[source]}`]
      : [],
  )

/** Bytes come whole. */
export function fractionWarnings(amount: string | undefined, path: () => string): string[] {
  if (amount === undefined || quantityMilli(parseQuantity(amount)) % 1000n === 0n) return []
  return [`${path()}: fractional byte value ${JSON.stringify(amount)} is invalid, must be an integer`]
}

/** A core/v1 PersistentVolumeClaimSpec. */
export const claimSpecWarnings = (spec: any, path: string): string[] =>
  fractionWarnings(spec?.resources?.requests?.storage, () => `${path}.resources.requests[storage]`)

export function claimWarnings({ metadata, spec }: any): string[] {
  const isOld = metadata?.annotations?.[BETA_CLASS] !== undefined
  return [
    ...(isOld ? [`metadata.annotations[${BETA_CLASS}]: ${CLASS_ADVICE}`] : []),
    ...claimSpecWarnings(spec, 'spec'),
  ]
}

export function persistentVolumeWarnings({ metadata, spec }: any): string[] {
  const notes = metadata?.annotations ?? {}
  const policy = 'spec.persistentVolumeReclaimPolicy'
  const terms: any[] = spec.nodeAffinity?.required?.nodeSelectorTerms ?? []
  return [
    ...(notes[BETA_CLASS] !== undefined ? [`metadata.annotations[${BETA_CLASS}]: ${CLASS_ADVICE}`] : []),
    ...(notes[MOUNT_OPTIONS] !== undefined
      ? [
          `metadata.annotations[${MOUNT_OPTIONS}]: deprecated since v1.31; use "mountOptions" attribute instead`,
        ]
      : []),
    ...(spec.persistentVolumeReclaimPolicy === 'Recycle'
      ? [
          `${policy}: The Recycle reclaim policy is deprecated. Instead, the recommended approach is to use dynamic provisioning.`,
        ]
      : []),
    ...terms.flatMap((term, i) =>
      selectorTermWarnings(term, `spec.nodeAffinity.required.nodeSelectorTerms[${i}]`),
    ),
    ...sourceWarnings(spec, 'spec'),
    ...fractionWarnings(spec.capacity?.storage, () => 'spec.capacity[storage]'),
  ]
}

const pathsOf = (items: any[] | undefined): string[] => (items ?? []).map(({ path }) => path ?? '')

/** Files of one volume that would stand in each other's place. */
export function overlapWarnings(volumes: any[]): string[] {
  return volumes.flatMap(({ name, configMap, secret, downwardAPI, projected }) => {
    const of = (what: string): string => `volume ${JSON.stringify(name)} (${what}): overlapping paths`
    const q = JSON.stringify
    return [
      ...overlaps(pathsOf(configMap?.items), of(`ConfigMap ${q(configMap?.name ?? '')}`)),
      ...overlaps(pathsOf(secret?.items), of(`Secret ${q(secret?.secretName ?? '')}`)),
      ...overlaps(pathsOf(downwardAPI?.items), of('DownwardAPI')),
      ...(projected ? projectedOverlaps(name, projected.sources ?? []) : []),
    ]
  })
}

function projectedOverlaps(name: string, sources: any[]): string[] {
  const taken = new Set<string>()
  return sources.flatMap(source => {
    if (Object.keys(source ?? {}).length === 0) {
      return [`volume ${JSON.stringify(name)} (Projected) has no sources provided`]
    }
    const { paths, what } = filesOf(source)
    if (paths.length === 0) return []
    const message = `volume ${JSON.stringify(name)} (Projected ${what}): overlapping paths`
    const own = new Set(paths)
    const together = overlaps([...own, ...taken].sort(), message)
    for (const path of own) taken.add(path)
    return [...overlaps(paths, message), ...together]
  })
}

function filesOf({ configMap, secret, downwardAPI, serviceAccountToken, clusterTrustBundle }: any): {
  paths: string[]
  what: string
} {
  const q = JSON.stringify
  if (configMap?.items)
    return { paths: pathsOf(configMap.items), what: `ConfigMap ${q(configMap.name ?? '')}` }
  if (secret?.items) return { paths: pathsOf(secret.items), what: `Secret ${q(secret.name ?? '')}` }
  if (downwardAPI?.items) return { paths: pathsOf(downwardAPI.items), what: 'DownwardAPI' }
  if (serviceAccountToken) return { paths: [serviceAccountToken.path ?? ''], what: 'ServiceAccountToken' }
  if (clusterTrustBundle) {
    const { path = '', name, signerName = '' } = clusterTrustBundle
    return { paths: [path], what: `ClusterTrustBundle ${q(name ?? signerName)}` }
  }
  return { paths: [], what: '' }
}

function overlaps(paths: readonly string[], message: string): string[] {
  if (paths.length < 2) return []
  const seen: string[] = []
  return paths.flatMap(given => {
    const path = given.replace(/\/+$/, '')
    const other = seen.find(item => collides(item, path))
    seen.push(path)
    return other === undefined ? [] : [`${message}: ${JSON.stringify(path)} with ${JSON.stringify(other)}`]
  })
}

const collides = (item: string, path: string): boolean =>
  item !== '' && path !== '' && (`${item}/`.startsWith(path) || `${path}/`.startsWith(item))
