import { parseQuantity, quantityValue } from '../../../api/meta/quantity.ts'
import type { EvictionSignal, KubeletSettings } from '../settings.ts'
import { milliseconds } from '../settings.ts'
import type { Observation, Observations } from './observe.ts'

/** When Pods must go: less of something is left than this. */
export interface Threshold {
  signal: EvictionSignal
  /** As it was set: a quantity or a percentage. */
  text: string
  /** Milliseconds it must have been so before; 0 for a hard one. */
  gracePeriod: number
  isHard: boolean
}

/** Memory first: it runs out fastest. */
export function thresholdsOf({
  evictionHard,
  evictionSoft,
  evictionSoftGracePeriod,
}: KubeletSettings): Threshold[] {
  const hard = Object.entries(evictionHard).map(([signal, text]) => ({
    signal,
    text,
    gracePeriod: 0,
    isHard: true,
  }))
  const soft = Object.entries(evictionSoft).map(([signal, text]) => {
    const gracePeriod = milliseconds(evictionSoftGracePeriod[signal] ?? '0s')
    return { signal, text, gracePeriod, isHard: false }
  })
  const urgency = ({ signal }: { signal: string }): number => (signal.startsWith('memory') ? 0 : 1)
  return [...hard, ...soft].sort((a, b) => urgency(a) - urgency(b)) as Threshold[]
}

/** The least that must be left, in the signal's unit. */
export function thresholdValue({ text }: Threshold, capacity: number): number {
  if (text.endsWith('%')) return Math.floor((capacity * Number.parseFloat(text)) / 100)
  return Number(quantityValue(parseQuantity(text)))
}

/** Less is left than the threshold says. What is not measured is not short. */
export function isMet(threshold: Threshold, observations: Observations): boolean {
  const observed: Observation | undefined = observations[threshold.signal]
  return observed !== undefined && observed.available < thresholdValue(threshold, observed.capacity)
}
