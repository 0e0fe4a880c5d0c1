import type { Client, Informer } from '../../../api/client/client.ts'
import { statefulSets } from '../../../api/kinds/apps.ts'
import { persistentVolumeClaims, pods } from '../../../api/kinds/core.ts'
import { apiVersion, type KindDeclaration } from '../../../api/kinds/kind.ts'
import type { PersistentVolumeClaim, Pod, StatefulSet } from '../../../api/kinds/types.ts'
import type { ApiObject, OwnerReference } from '../../../api/meta/object.ts'
import { patchMetadata } from '../owner.ts'
import { claimsFor, ordinalOf } from './identity.ts'

/**
 * Makes the garbage collector take a place's claims with the set or with its Pod, where the set asks for that
 * (`persistentVolumeClaimRetentionPolicy`), and keep them where it does not.
 */
export async function keepRetention(
  client: Client,
  cache: Informer<PersistentVolumeClaim>,
  set: StatefulSet,
  pod: Pod,
  isSurplus: boolean,
): Promise<void> {
  const ordinal = ordinalOf(pod, set)
  if (ordinal === undefined || !set.spec.volumeClaimTemplates?.length) return
  const owners = wantedOwners(set, pod, isSurplus)
  const ours = new Set([set.metadata.uid, pod.metadata.uid])
  for (const { metadata } of claimsFor(set, ordinal)) {
    const claim = cache.get(`${metadata.namespace}/${metadata.name}`)
    if (!claim) continue
    const before = claim.metadata.ownerReferences ?? []
    const others = before.filter(({ uid }) => !ours.has(uid))
    const wanted = [...others, ...owners]
    if (sameOwners(before, wanted)) continue
    const ownerReferences = [
      ...wanted,
      ...before
        .filter(({ uid }) => !wanted.some(each => each.uid === uid))
        .map(({ uid }) => ({ $patch: 'delete', uid })),
    ]
    const body = { metadata: { uid: claim.metadata.uid, ownerReferences } }
    await patchMetadata(client, persistentVolumeClaims, claim.metadata, body)
  }
}

function wantedOwners(set: StatefulSet, pod: Pod, isSurplus: boolean): OwnerReference[] {
  const { whenDeleted, whenScaled } =
    (set.spec as { persistentVolumeClaimRetentionPolicy?: Record<string, string> })
      .persistentVolumeClaimRetentionPolicy ?? {}
  if (whenScaled === 'Delete' && isSurplus) return [ownerRef(pods, pod)]
  return whenDeleted === 'Delete' ? [ownerRef(statefulSets, set)] : []
}

const ownerRef = (kind: KindDeclaration<any>, { metadata }: Pick<ApiObject, 'metadata'>): OwnerReference => ({
  apiVersion: apiVersion(kind),
  kind: kind.kind,
  name: metadata.name,
  uid: metadata.uid!,
})

const sameOwners = (a: readonly OwnerReference[], b: readonly OwnerReference[]): boolean =>
  a.length === b.length && a.every(({ uid }) => b.some(other => other.uid === uid))
