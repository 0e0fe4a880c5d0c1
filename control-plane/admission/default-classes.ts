import type { Informer, InformerFactory } from '../../api/client/client.ts'
import { resourceName } from '../../api/kinds/kind.ts'
import { ingressClasses } from '../../api/kinds/networking.ts'
import { storageClasses } from '../../api/kinds/storage.ts'
import type { Ingress, PersistentVolumeClaim } from '../../api/kinds/types.ts'
import type { ApiObject } from '../../api/meta/object.ts'
import { compareQuantity } from '../../api/meta/quantity.ts'
import { forbidden } from '../../api/meta/status.ts'
import type { AdmissionPlugin } from '../../plugins/admission.ts'

const OLD_STORAGE_CLASS = 'volume.beta.kubernetes.io/storage-class'
const OLD_INGRESS_CLASS = 'kubernetes.io/ingress.class'

/** Of the classes marked as the default the newest; of those the first by name. */
function defaultOf<T extends ApiObject>(cache: Informer<T>, annotations: string[]): T | undefined {
  const marked = cache
    .list()
    .filter(({ metadata }) => annotations.some(name => metadata.annotations?.[name] === 'true'))
  const age = ({ metadata }: T): number => Date.parse(String(metadata.creationTimestamp ?? 0))
  return marked.sort(
    (a, b) => age(b) - age(a) || ((a.metadata.name ?? '') < (b.metadata.name ?? '') ? -1 : 1),
  )[0]
}

const isCreateOf =
  (resource: string): NonNullable<AdmissionPlugin['handles']> =>
  ({ operation, kind, subresource }) =>
    operation === 'CREATE' && subresource === '' && resourceName(kind) === resource

/** Claims that name no storage class get the default one. */
export function defaultStorageClass(informers: InformerFactory): AdmissionPlugin {
  const cache = informers.informer(storageClasses)
  const marks = [
    'storageclass.kubernetes.io/is-default-class',
    'storageclass.beta.kubernetes.io/is-default-class',
  ]
  return {
    name: 'DefaultStorageClass',
    handles: isCreateOf('persistentvolumeclaims'),
    mutate({ object }) {
      const { spec, metadata } = object as PersistentVolumeClaim
      if (spec.storageClassName !== undefined || metadata.annotations?.[OLD_STORAGE_CLASS] !== undefined)
        return
      const found = defaultOf(cache, marks)
      if (found) spec.storageClassName = found.metadata.name
    },
  }
}

/** Ingresses that name no class get the default one. */
export function defaultIngressClass(informers: InformerFactory): AdmissionPlugin {
  const cache = informers.informer(ingressClasses)
  return {
    name: 'DefaultIngressClass',
    handles: isCreateOf('ingresses.networking.k8s.io'),
    mutate({ object }) {
      const { spec, metadata } = object as Ingress
      if (spec.ingressClassName !== undefined || metadata.annotations?.[OLD_INGRESS_CLASS] !== undefined)
        return
      const found = defaultOf(cache, ['ingressclass.kubernetes.io/is-default-class'])
      if (found) spec.ingressClassName = found.metadata.name
    },
  }
}

const CANNOT_GROW =
  'only dynamically provisioned pvc can be resized and the storageclass that provisions the pvc must support resize'

const ONLY_BOUND = 'Only bound persistent volume claims can be expanded'

const classOf = ({ metadata, spec }: PersistentVolumeClaim): string =>
  metadata.annotations?.[OLD_STORAGE_CLASS] ?? spec.storageClassName ?? ''

/** Only claims of a class that says so grow. */
export function claimResize(informers: InformerFactory): AdmissionPlugin {
  const cache = informers.informer(storageClasses)
  return {
    name: 'PersistentVolumeClaimResize',
    handles: ({ operation, kind, subresource }) =>
      operation === 'UPDATE' && subresource === '' && resourceName(kind) === 'persistentvolumeclaims',
    validate({ object, oldObject, name }) {
      const [claim, old] = [object as PersistentVolumeClaim, oldObject as PersistentVolumeClaim]
      const sizeOf = ({ spec }: PersistentVolumeClaim): string => spec.resources?.requests?.storage ?? '0'
      if (compareQuantity(sizeOf(claim), sizeOf(old)) <= 0) return
      const refuse = (why: string): Error =>
        forbidden({ group: '', plural: 'persistentvolumeclaims' }, name, why)
      if (old.status?.phase !== 'Bound') throw refuse(ONLY_BOUND)
      const className = classOf(old)
      const isAllowed = className === classOf(claim) && cache.get(className)?.allowVolumeExpansion
      if (!isAllowed) throw refuse(CANNOT_GROW)
    },
  }
}
