import { leaseColumns } from './columns/others.ts'
import { groupVersion } from './declare.ts'
import type { Lease } from './types.ts'

const v1 = groupVersion('coordination.k8s.io', 'v1')

export const leases = v1<Lease>({ kind: 'Lease', plural: 'leases', columns: leaseColumns })
