import * as columns from './columns/others.ts'
import { groupVersion } from './declare.ts'
import type { Ingress, NetworkPolicy } from './types.ts'

const v1 = groupVersion('networking.k8s.io', 'v1')

export const ingresses = v1<Ingress>({
  kind: 'Ingress',
  plural: 'ingresses',
  shortNames: ['ing'],
  columns: columns.ingressColumns,
  subresources: { status: true },
})

export const ingressClasses = v1({
  kind: 'IngressClass',
  plural: 'ingressclasses',
  namespaced: false,
  columns: columns.ingressClassColumns,
})

export const networkPolicies = v1<NetworkPolicy>({
  kind: 'NetworkPolicy',
  plural: 'networkpolicies',
  shortNames: ['netpol'],
  columns: columns.networkPolicyColumns,
})

export const serviceCidrs = v1({
  kind: 'ServiceCIDR',
  plural: 'servicecidrs',
  namespaced: false,
  columns: columns.serviceCidrColumns,
  subresources: { status: true },
})

/** One object an address in use by a Service: what keeps two API servers from giving it twice. */
export const ipAddresses = v1({
  kind: 'IPAddress',
  plural: 'ipaddresses',
  shortNames: ['ip'],
  namespaced: false,
  columns: columns.ipAddressColumns,
  fieldSelectors: {
    'spec.parentRef.name': address => address.spec?.parentRef?.name ?? '',
    'spec.parentRef.namespace': address => address.spec?.parentRef?.namespace ?? '',
  },
})
