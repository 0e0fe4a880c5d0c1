import type { Client } from '../../../api/client/client.ts'
import { persistentVolumeClaims, persistentVolumes } from '../../../api/kinds/core.ts'
import type { PersistentVolume, PersistentVolumeClaim, Pod, Volume } from '../../../api/kinds/types.ts'

/** What a volume of a Pod's spec comes to. */
export interface ResolvedVolume {
  volume: Volume
  persistentVolume?: PersistentVolume
  readOnly: boolean
}

/** Fields of a PersistentVolume's spec that are no source of it. */
const NOT_SOURCES = new Set([
  'accessModes',
  'capacity',
  'claimRef',
  'mountOptions',
  'nodeAffinity',
  'persistentVolumeReclaimPolicy',
  'storageClassName',
  'volumeAttributesClassName',
  'volumeMode',
])

/** The claim a volume stands for, if it does: one of the user's, or the one made for a generic ephemeral volume. */
const claimOf = (pod: Pod, { name, persistentVolumeClaim, ephemeral }: Volume): string | undefined =>
  persistentVolumeClaim?.claimName ?? (ephemeral && `${pod.metadata.name}-${name}`)

/**
 * Follows a claim to its PersistentVolume; any other volume is what it is.
 * @throws Error when the claim is missing, not bound, going, or another Pod's.
 */
export async function resolveVolume(client: Client, pod: Pod, volume: Volume): Promise<ResolvedVolume> {
  const claimName = claimOf(pod, volume)
  if (!claimName) return { volume, readOnly: false }
  const namespace = pod.metadata.namespace!
  try {
    const claim = await readClaim(client, namespace, claimName)
    if (volume.ephemeral) checkOwner(claim, pod)
    const persistentVolume = await readVolume(client, claim)
    return {
      volume: { name: volume.name, ...sourceOf(persistentVolume) } as Volume,
      persistentVolume,
      readOnly: volume.persistentVolumeClaim?.readOnly ?? false,
    }
  } catch (cause) {
    throw new Error(`error processing PVC ${namespace}/${claimName}: ${(cause as Error).message}`, { cause })
  }
}

async function readClaim(client: Client, namespace: string, name: string): Promise<PersistentVolumeClaim> {
  const claim = await client.get(persistentVolumeClaims, { namespace, name }).catch(cause => {
    throw new Error(`failed to fetch PVC from API server: ${cause.message}`, { cause })
  })
  // A Pod must not begin to use what is on its way out.
  if (claim.metadata.deletionTimestamp) throw new Error('PVC is being deleted')
  if (claim.status?.phase !== 'Bound') throw new Error('PVC is not bound')
  if (!claim.spec.volumeName) throw new Error('PVC has empty pvc.Spec.VolumeName')
  return claim
}

function checkOwner({ metadata }: PersistentVolumeClaim, pod: Pod): void {
  if (metadata.ownerReferences?.some(({ uid, controller }) => controller && uid === pod.metadata.uid)) return
  const where = `${metadata.namespace}/${metadata.name}`
  throw new Error(
    `PVC ${where} was not created for pod ${pod.metadata.namespace}/${pod.metadata.name} (pod is not owner)`,
  )
}

async function readVolume(client: Client, claim: PersistentVolumeClaim): Promise<PersistentVolume> {
  const name = claim.spec.volumeName!
  const found = await client.get(persistentVolumes, { name }).catch(cause => {
    throw new Error(`failed to fetch PV ${name} from API server: ${cause.message}`, { cause })
  })
  const { claimRef } = found.spec
  if (!claimRef) {
    throw new Error(
      `found PV object ${name} but it has a nil pv.Spec.ClaimRef indicating it is not yet bound to the claim`,
    )
  }
  if (claimRef.uid !== claim.metadata.uid) {
    throw new Error(
      `found PV object ${name} but its pv.Spec.ClaimRef.UID ${claimRef.uid} does not point to claim.UID ${claim.metadata.uid}`,
    )
  }
  return found
}

const sourceOf = ({ spec }: PersistentVolume): object =>
  Object.fromEntries(Object.entries(spec).filter(([name]) => !NOT_SOURCES.has(name)))
