import type { Column } from '../kind.ts'
import { AGE, column, NAME } from './common.ts'

/** Classes of devices and templates of claims: nothing but name and age. */
export const deviceColumns: readonly Column<any>[] = [NAME, AGE]

function claimState({ metadata, status }: any): string {
  const isAllocated = status?.allocation !== undefined
  const isReserved = (status?.reservedFor ?? []).length > 0
  const words = metadata.deletionTimestamp ? ['deleted'] : []
  if (isAllocated) words.push('allocated', ...(isReserved ? ['reserved'] : []))
  else if (!metadata.deletionTimestamp) words.push('pending')
  return words.join(',')
}

export const resourceClaimColumns: readonly Column<any>[] = [NAME, column('State', claimState), AGE]

export const resourceSliceColumns: readonly Column<any>[] = [
  NAME,
  column('Node', ({ spec }) => spec.nodeName ?? ''),
  column('Driver', '.spec.driver'),
  column('Pool', '.spec.pool.name'),
  AGE,
]
