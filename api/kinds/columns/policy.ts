import type { Column } from '../kind.ts'
import { AGE, column, formatLabels, NAME } from './common.ts'

interface Quota {
  status?: { hard?: Record<string, string>; used?: Record<string, string> }
}

/** `cpu: 1/4, memory: 1Gi/8Gi` of the resources that are, or are not, limits. */
const quotaUse =
  (isLimit: boolean) =>
  ({ status }: Quota): string =>
    Object.keys(status?.hard ?? {})
      .filter(name => name.startsWith('limits.') === isLimit)
      .sort()
      .map(name => `${name}: ${status?.used?.[name] ?? '0'}/${status?.hard?.[name]}`)
      .join(', ')

export const resourceQuotaColumns: readonly Column<any>[] = [
  NAME,
  column('Request', quotaUse(false)),
  column('Limit', quotaUse(true)),
  AGE,
]

/** Limit ranges show when they were made, not how long ago. */
export const limitRangeColumns: readonly Column<any>[] = [
  NAME,
  column('Created At', '.metadata.creationTimestamp', 'date'),
]

const containersOf = ({ template }: any): { name: string; image?: string }[] =>
  template?.spec?.containers ?? []

export const podTemplateColumns: readonly Column<any>[] = [
  NAME,
  column('Containers', template =>
    containersOf(template)
      .map(({ name }) => name)
      .join(','),
  ),
  column('Images', template =>
    containersOf(template)
      .map(({ image }) => image ?? '')
      .join(','),
  ),
  column('Pod Labels', ({ template }) => formatLabels(template?.metadata?.labels)),
]

const intOrNone = (value: unknown): string => (value === undefined || value === null ? 'N/A' : String(value))

export const pdbColumns: readonly Column<any>[] = [
  NAME,
  column('Min Available', ({ spec }) => intOrNone(spec.minAvailable)),
  column('Max Unavailable', ({ spec }) => intOrNone(spec.maxUnavailable)),
  column('Allowed Disruptions', ({ status }) => status?.disruptionsAllowed ?? 0, 'integer'),
  AGE,
]
