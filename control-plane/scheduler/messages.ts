import type { Misfit, RejectedNode } from '../../plugins/scheduler.ts'

const reasonsOf = ({ reason }: Misfit): readonly string[] => (typeof reason === 'string' ? [reason] : reason)

/** `2 Insufficient cpu, 1 Too many pods`: each reason with the number of nodes it keeps out, as upstream sorts them. */
function counted(reasons: readonly string[]): string {
  const counts = new Map<string, number>()
  for (const reason of reasons) counts.set(reason, (counts.get(reason) ?? 0) + 1)
  return [...counts]
    .map(([reason, count]) => `${count} ${reason}`)
    .sort()
    .join(', ')
}

/** `0/2 nodes are available: 2 Insufficient cpu.` */
export function unschedulableMessage(
  count: number,
  rejected: readonly RejectedNode[],
  refusal: Misfit | undefined,
): string {
  if (count === 0) return 'no nodes available to schedule pods'
  const why = refusal
    ? reasonsOf(refusal).join(', ')
    : counted(rejected.flatMap(({ misfit }) => reasonsOf(misfit)))
  return `0/${count} nodes are available: ${why}.`
}

/** Claims of devices could be freed as well: upstream's step for these is asked first, and always answers. */
const NO_CLAIMS = ' no new claims to deallocate,'
const HELPLESS = 'Preemption is not helpful for scheduling'

/** Why no room is made, node by node. `message` is what the step that looked for room says. */
export function postFilterMessage(
  count: number,
  rejected: readonly RejectedNode[],
  message: string | undefined,
): string {
  if (count === 0) return ''
  if (message !== undefined) return `${NO_CLAIMS} preemption: ${message}`
  return `${NO_CLAIMS} preemption: 0/${count} nodes are available: ${counted(rejected.map(() => HELPLESS))}.`
}

/** The same where victims were looked for on those nodes where it could help. */
export function noVictimsMessage(count: number, helpful: number, why: string): string {
  const reasons = [
    ...new Array<string>(helpful).fill(why),
    ...new Array<string>(count - helpful).fill(HELPLESS),
  ]
  return `0/${count} nodes are available: ${counted(reasons)}.`
}
