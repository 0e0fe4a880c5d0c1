import { parseQuantity, quantityValue } from '../../api/meta/quantity.ts'
import { parseGoDuration } from './go-duration.ts'

/**
 * What can be set of a kubelet, under the names and in the words of kubelet.config.k8s.io/v1beta1 KubeletConfiguration;
 * `/configz` shows it.
 */
export interface KubeletSettings {
  maxPods: number
  containerLogMaxSize: string
  /** Files a container's log may have, the one in use included. */
  containerLogMaxFiles: number
  containerLogMonitorInterval: string
  imageMinimumGCAge: string
  /** Images nobody used for so long go, however much room there is; `0s` never. */
  imageMaximumGCAge: string
  imageGCHighThresholdPercent: number
  imageGCLowThresholdPercent: number
  /** By signal (`memory.available`): a quantity or a percentage; Pods are ended at once when less is left. */
  evictionHard: Record<string, string>
  /** As {@link evictionHard}, but only after less was left for the signal's grace period. */
  evictionSoft: Record<string, string>
  evictionSoftGracePeriod: Record<string, string>
  /** How long a pressure is told after it was seen last. */
  evictionPressureTransitionPeriod: string
  /** Seconds Pods ended by a soft threshold have at most. */
  evictionMaxPodGracePeriod: number
  /** How often the node is looked at for shortage; a kubelet does it every ten seconds. */
  evictionMonitorInterval: string
}

export const DEFAULT_SETTINGS: KubeletSettings = {
  maxPods: 110,
  containerLogMaxSize: '10Mi',
  containerLogMaxFiles: 5,
  containerLogMonitorInterval: '10s',
  imageMinimumGCAge: '2m0s',
  imageMaximumGCAge: '0s',
  imageGCHighThresholdPercent: 85,
  imageGCLowThresholdPercent: 80,
  evictionHard: {
    'imagefs.available': '15%',
    'imagefs.inodesFree': '5%',
    'memory.available': '100Mi',
    'nodefs.available': '10%',
    'nodefs.inodesFree': '5%',
  },
  evictionSoft: {},
  evictionSoftGracePeriod: {},
  evictionPressureTransitionPeriod: '5m0s',
  evictionMaxPodGracePeriod: 0,
  evictionMonitorInterval: '10s',
}

/** Signals a threshold can be set for, and the condition of the Node each stands for. */
export const EVICTION_SIGNALS = {
  'memory.available': 'MemoryPressure',
  'nodefs.available': 'DiskPressure',
  'nodefs.inodesFree': 'DiskPressure',
  'imagefs.available': 'DiskPressure',
  'imagefs.inodesFree': 'DiskPressure',
  'pid.available': 'PIDPressure',
} as const

export type EvictionSignal = keyof typeof EVICTION_SIGNALS

/** Settings with defaults for what was left out. Throws an Error that names the field, its value and what was expected. */
export function kubeletSettings(given: Partial<KubeletSettings> = {}): KubeletSettings {
  const settings = { ...DEFAULT_SETTINGS, ...given }
  for (const [name, value] of Object.entries(settings)) {
    if (!(name in DEFAULT_SETTINGS)) throw new Error(`${name}: there is no such setting of the kubelet`)
    if (/Interval$|Age$|Period$/.test(name) && typeof value === 'string') checkDuration(name, value)
  }
  const { imageGCHighThresholdPercent: high, imageGCLowThresholdPercent: low } = settings
  for (const [name, value] of [
    ['imageGCHighThresholdPercent', high],
    ['imageGCLowThresholdPercent', low],
  ] as const) {
    if (value < 0 || value > 100) throw new Error(`${name} is ${value}, expected a number from 0 to 100`)
  }
  if (low >= high)
    throw new Error(`imageGCLowThresholdPercent is ${low}, expected less than the high threshold (${high})`)
  checkQuantity('containerLogMaxSize', settings.containerLogMaxSize)
  if (settings.containerLogMaxFiles < 2)
    throw new Error(`containerLogMaxFiles is ${settings.containerLogMaxFiles}, expected at least 2`)
  for (const list of ['evictionHard', 'evictionSoft'] as const) {
    for (const [signal, value] of Object.entries(settings[list])) checkThreshold(list, signal, value)
  }
  for (const signal of Object.keys(settings.evictionSoft)) {
    const period = settings.evictionSoftGracePeriod[signal]
    if (period === undefined)
      throw new Error(`evictionSoftGracePeriod.${signal} is not set, evictionSoft.${signal} needs it`)
    checkDuration(`evictionSoftGracePeriod.${signal}`, period)
  }
  return settings
}

function checkDuration(name: string, value: string): void {
  if (parseGoDuration(value) === undefined)
    throw new Error(`${name} is ${JSON.stringify(value)}, expected a duration like 5m0s`)
}

function checkQuantity(name: string, value: string): void {
  try {
    quantityValue(parseQuantity(value))
  } catch (cause) {
    throw new Error(`${name} is ${JSON.stringify(value)}, expected a quantity like 10Mi`, { cause })
  }
}

function checkThreshold(list: string, signal: string, value: string): void {
  if (!(signal in EVICTION_SIGNALS)) {
    const known = Object.keys(EVICTION_SIGNALS).join(', ')
    throw new Error(`${list}.${signal}: there is no such signal, expected one of ${known}`)
  }
  if (!/^\d+(\.\d+)?%$/.test(value)) checkQuantity(`${list}.${signal}`, value)
}

/** A duration of the settings in milliseconds; they have been checked. */
export const milliseconds = (duration: string): number => parseGoDuration(duration) ?? 0
