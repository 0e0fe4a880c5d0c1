import type { SchedulerPlugin } from '../../../plugins/scheduler.ts'

/** The more important Pod first, the longer waiting among equals. */
export const prioritySort: SchedulerPlugin = {
  name: 'PrioritySort',
  queueSort: (a, b) => (b.pod.spec.priority ?? 0) - (a.pod.spec.priority ?? 0) || a.since - b.since,
}
