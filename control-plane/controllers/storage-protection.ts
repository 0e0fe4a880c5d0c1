import type { Controller } from '../../api/client/controller.ts'
import { persistentVolumeClaims, persistentVolumes, pods } from '../../api/kinds/core.ts'
import type { KindDeclaration } from '../../api/kinds/kind.ts'
import { volumeAttributesClasses } from '../../api/kinds/storage.ts'
import type { Pod } from '../../api/kinds/types.ts'
import { type ApiObject, objectKey } from '../../api/meta/object.ts'
import { isConflict, isNotFound } from '../../api/meta/status.ts'
import type { ControllerContext } from './context.ts'

const USER = 'user'

/** Names of the claims that a Pod on a node uses; a Pod nowhere yet will not be started with a claim that is going. */
function claimsOf({ metadata, spec }: Pod): string[] {
  if (!spec.nodeName) return []
  return (spec.volumes ?? []).flatMap(({ name, persistentVolumeClaim, ephemeral }) => {
    const claim = ephemeral ? `${metadata.name}-${name}` : persistentVolumeClaim?.claimName
    return claim ? [`${metadata.namespace}/${claim}`] : []
  })
}

/** Claims that are in use are not deleted under the Pods that use them. */
export function claimProtection(context: ControllerContext): Controller {
  const podCache = context.informers.informer(pods)
  podCache.addIndex(USER, claimsOf)
  return {
    name: 'pvc-protection',
    watches: [{ kind: persistentVolumeClaims }, { kind: pods, keys: claimsOf }],
    reconcile: key =>
      protect(
        context,
        persistentVolumeClaims,
        key,
        'kubernetes.io/pvc-protection',
        () => podCache.byIndex(USER, key).length > 0,
      ),
  }
}

/** Volumes that are bound are not deleted under their claims. */
export function volumeProtection(context: ControllerContext): Controller {
  return {
    name: 'pv-protection',
    watches: [{ kind: persistentVolumes }],
    reconcile: key =>
      protect(
        context,
        persistentVolumes,
        key,
        'kubernetes.io/pv-protection',
        ({ status }) => status?.phase === 'Bound',
      ),
  }
}

const classesOf = ({ spec, status }: ApiObject): string[] =>
  [
    ...new Set([
      spec?.volumeAttributesClassName,
      status?.currentVolumeAttributesClassName,
      status?.modifyVolumeStatus?.targetVolumeAttributesClassName,
    ]),
  ].filter(Boolean)

/** Classes that claims or volumes name are not deleted under them. */
export function attributesClassProtection(context: ControllerContext): Controller {
  const caches = [persistentVolumeClaims, persistentVolumes].map(kind => {
    const cache = context.informers.informer(kind as KindDeclaration<ApiObject>)
    cache.addIndex(USER, classesOf)
    return cache
  })
  return {
    name: 'vac-protection',
    watches: [
      { kind: volumeAttributesClasses },
      { kind: persistentVolumeClaims, keys: classesOf },
      { kind: persistentVolumes, keys: classesOf },
    ],
    reconcile: key =>
      protect(context, volumeAttributesClasses, key, 'kubernetes.io/vac-protection', () =>
        caches.some(cache => cache.byIndex(USER, key).length > 0),
      ),
  }
}

/** Holds an object by a finalizer while it is in use, and lets it go when it is being deleted and is no longer. */
async function protect<T extends ApiObject>(
  { client, informers }: ControllerContext,
  kind: KindDeclaration<T>,
  key: string,
  finalizer: string,
  isUsed: (object: T) => boolean,
): Promise<void> {
  const object = informers.informer(kind).get(key)
  if (!object || objectKey(object) !== key) return
  const { metadata } = object
  const isHeld = metadata.finalizers?.includes(finalizer) === true
  const isGoing = metadata.deletionTimestamp !== undefined
  if (isGoing === !isHeld || (isGoing && isUsed(object))) return
  const finalizers = isGoing
    ? metadata.finalizers!.filter(name => name !== finalizer)
    : [...(metadata.finalizers ?? []), finalizer]
  const { resourceVersion } = metadata
  const body = { metadata: { finalizers, resourceVersion } }
  await client.patch(kind, metadata, { type: 'merge', body }).catch(error => {
    if (!isNotFound(error) && !isConflict(error)) throw error
  })
}
