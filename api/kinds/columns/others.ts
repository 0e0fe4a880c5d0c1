import type { Column } from '../kind.ts'
import { AGE, column, formatSelector, NAME, wide } from './common.ts'

const roleRef = ({ roleRef: { kind, name } }: any): string => `${kind}/${name}`

const subjectNames =
  (wanted: string) =>
  (binding: any): string =>
    (binding.subjects ?? [])
      .filter(({ kind }: { kind: string }) => kind === wanted)
      .map(({ namespace, name }: { namespace?: string; name: string }) =>
        wanted === 'ServiceAccount' ? `${namespace}/${name}` : name,
      )
      .join(', ')

/** Roles and cluster roles show when they were made, not how long ago. */
export const roleColumns: readonly Column<any>[] = [NAME, column('Created At', '.metadata.creationTimestamp')]

export const bindingColumns: readonly Column<any>[] = [
  NAME,
  column('Role', roleRef),
  AGE,
  wide('Users', subjectNames('User')),
  wide('Groups', subjectNames('Group')),
  wide('ServiceAccounts', subjectNames('ServiceAccount')),
]

const MOST_SHOWN = 3

function shorten(items: string[]): string {
  if (items.length === 0) return '<unset>'
  const shown = items.slice(0, MOST_SHOWN).join(',')
  return items.length > MOST_SHOWN ? `${shown} + ${items.length - MOST_SHOWN} more...` : shown
}

export const endpointSliceColumns: readonly Column<any>[] = [
  NAME,
  column('AddressType', '.addressType'),
  column('Ports', slice =>
    shorten((slice.ports ?? []).map(({ port }: { port?: number }) => (port ? String(port) : '*'))),
  ),
  column('Endpoints', slice =>
    shorten((slice.endpoints ?? []).flatMap(({ addresses }: { addresses: string[] }) => addresses)),
  ),
  AGE,
]

export const leaseColumns: readonly Column<any>[] = [
  NAME,
  column('Holder', lease => lease.spec?.holderIdentity ?? ''),
  AGE,
]

const intOrNone = (value: unknown): string => (value === undefined || value === null ? 'N/A' : String(value))

export const pdbColumns: readonly Column<any>[] = [
  NAME,
  column('Min Available', ({ spec }) => intOrNone(spec.minAvailable)),
  column('Max Unavailable', ({ spec }) => intOrNone(spec.maxUnavailable)),
  column('Allowed Disruptions', ({ status }) => status?.disruptionsAllowed ?? 0, 'integer'),
  AGE,
]

const ingressHosts = ({ spec }: any): string => {
  const hosts = (spec.rules ?? []).map(({ host }: { host?: string }) => host || '*')
  return hosts.length === 0 ? '*' : shorten(hosts)
}

const ingressAddress = ({ status }: any): string =>
  (status?.loadBalancer?.ingress ?? []).map(({ ip, hostname }: any) => ip || hostname).join(',')

export const ingressColumns: readonly Column<any>[] = [
  NAME,
  column('Class', ({ spec }) => spec.ingressClassName ?? '<none>'),
  column('Hosts', ingressHosts),
  column('Address', ingressAddress),
  column('Ports', ({ spec }) => ((spec.tls ?? []).length > 0 ? '80, 443' : '80')),
  AGE,
]

export const ingressClassColumns: readonly Column<any>[] = [
  NAME,
  column('Controller', '.spec.controller'),
  column('Parameters', ({ spec }) =>
    spec.parameters
      ? `${spec.parameters.kind}.${spec.parameters.apiGroup}/${spec.parameters.name}`
      : '<none>',
  ),
  AGE,
]

export const networkPolicyColumns: readonly Column<any>[] = [
  NAME,
  column('Pod-Selector', ({ spec }) => formatSelector(spec.podSelector)),
  AGE,
]

export const ipAddressColumns: readonly Column<any>[] = [
  NAME,
  column('ParentRef', ({ spec: { parentRef: ref } }) =>
    ref
      ? [`${ref.resource}${ref.group ? `.${ref.group}` : ''}`, ref.namespace, ref.name]
          .filter(Boolean)
          .join('/')
      : '<none>',
  ),
]

export const storageClassColumns: readonly Column<any>[] = [
  column('Name', ({ metadata }) =>
    metadata.annotations?.['storageclass.kubernetes.io/is-default-class'] === 'true'
      ? `${metadata.name} (default)`
      : metadata.name,
  ),
  column('Provisioner', '.provisioner'),
  column('ReclaimPolicy', ({ reclaimPolicy }) => reclaimPolicy ?? 'Delete'),
  column('VolumeBindingMode', ({ volumeBindingMode }) => volumeBindingMode ?? 'Immediate'),
  column('AllowVolumeExpansion', ({ allowVolumeExpansion }) => allowVolumeExpansion ?? false),
  AGE,
]

export const priorityClassColumns: readonly Column<any>[] = [
  NAME,
  column('Value', '.value', 'integer'),
  column('Global-Default', ({ globalDefault }) => globalDefault ?? false, 'boolean'),
  AGE,
  column('PreemptionPolicy', ({ preemptionPolicy }) => preemptionPolicy ?? 'PreemptLowerPriority'),
]

export const runtimeClassColumns: readonly Column<any>[] = [NAME, column('Handler', '.handler'), AGE]

const target = ({ spec: { scaleTargetRef: ref } }: any): string => `${ref.kind}/${ref.name}`

export const autoscalerColumns: readonly Column<any>[] = [
  NAME,
  column('Reference', target),
  column('MinPods', ({ spec }) => intOrNone(spec.minReplicas ?? undefined).replace('N/A', '<unset>')),
  column('MaxPods', '.spec.maxReplicas'),
  column('Replicas', ({ status }) => status?.currentReplicas ?? 0),
  AGE,
]

export const signingRequestColumns: readonly Column<any>[] = [
  NAME,
  AGE,
  column('SignerName', '.spec.signerName'),
  column('Requestor', '.spec.username'),
  column(
    'Condition',
    ({ status }) =>
      (status?.conditions ?? []).map(({ type }: { type: string }) => type).join(',') || 'Pending',
  ),
]
