import type { Column } from '../kind.ts'
import { AGE, column, formatSelector, NAME, sortedSet, wide } from './common.ts'
import { humanDuration } from './duration.ts'

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
export const roleColumns: readonly Column<any>[] = [
  NAME,
  column('Created At', '.metadata.creationTimestamp', 'date'),
]

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
    shorten(
      (slice.ports ?? []).map(({ port, name }: { port?: number; name?: string }) =>
        String(port ?? name ?? '*'),
      ),
    ),
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

/** Rules without a host are not named, but counted. */
const ingressHosts = ({ spec }: any): string => {
  const rules: { host?: string }[] = spec.rules ?? []
  const hosts = rules.slice(0, MOST_SHOWN).flatMap(({ host }) => host || [])
  if (hosts.length === 0) return '*'
  const shown = hosts.join(',')
  return rules.length > MOST_SHOWN ? `${shown} + ${rules.length - MOST_SHOWN} more...` : shown
}

const ingressAddress = ({ status }: any): string =>
  sortedSet((status?.loadBalancer?.ingress ?? []).map(({ ip, hostname }: any) => ip || hostname)).join(',')

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
      ? `${spec.parameters.kind}${spec.parameters.apiGroup ? `.${spec.parameters.apiGroup}` : ''}/${spec.parameters.name}`
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

export const priorityClassColumns: readonly Column<any>[] = [
  NAME,
  column('Value', '.value', 'integer'),
  column('Global-Default', ({ globalDefault }) => globalDefault ?? false, 'boolean'),
  AGE,
  column('PreemptionPolicy', ({ preemptionPolicy }) => preemptionPolicy ?? 'PreemptLowerPriority'),
]

export const runtimeClassColumns: readonly Column<any>[] = [NAME, column('Handler', '.handler'), AGE]

function requestState({ status }: any): string {
  const has = (type: string): boolean =>
    (status?.conditions ?? []).some((condition: { type: string }) => condition.type === type)
  const words = [has('Denied') ? 'Denied' : has('Approved') ? 'Approved' : 'Pending']
  if (has('Failed')) words.push('Failed')
  if (status?.certificate) words.push('Issued')
  return words.join(',')
}

export const signingRequestColumns: readonly Column<any>[] = [
  NAME,
  AGE,
  column('SignerName', ({ spec }) => spec.signerName || '<none>'),
  column('Requestor', ({ spec }) => spec.username ?? ''),
  column('RequestedDuration', ({ spec }) =>
    spec.expirationSeconds ? humanDuration(spec.expirationSeconds) : '<none>',
  ),
  column('Condition', requestState),
]

export const serviceCidrColumns: readonly Column<any>[] = [
  NAME,
  column('CIDRs', ({ spec }) => (spec.cidrs ?? []).join(',')),
  AGE,
]
