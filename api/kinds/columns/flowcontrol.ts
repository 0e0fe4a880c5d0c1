import type { Column } from '../kind.ts'
import { AGE, column, NAME } from './common.ts'

const NONE = '<none>'

const isDangling = ({ status }: any): string =>
  (status?.conditions ?? []).find(({ type }: { type: string }) => type === 'Dangling')?.status ?? '?'

export const flowSchemaColumns: readonly Column<any>[] = [
  NAME,
  column('PriorityLevel', ({ spec }) => spec.priorityLevelConfiguration?.name ?? ''),
  column('MatchingPrecedence', ({ spec }) => spec.matchingPrecedence ?? 0),
  column('DistinguisherMethod', ({ spec }) => spec.distinguisherMethod?.type ?? NONE),
  AGE,
  column('MissingPL', isDangling),
]

const queuing = ({ spec }: any): any => spec.limited?.limitResponse?.queuing

export const priorityLevelColumns: readonly Column<any>[] = [
  NAME,
  column('Type', '.spec.type'),
  column('NominalConcurrencyShares', ({ spec }) => spec.limited?.nominalConcurrencyShares ?? NONE),
  column('Queues', level => queuing(level)?.queues ?? NONE),
  column('HandSize', level => queuing(level)?.handSize ?? NONE),
  column('QueueLengthLimit', level => queuing(level)?.queueLengthLimit ?? NONE),
  AGE,
]
