import type { AuditFlags } from './audit-flags.ts'

/** A part of the control plane that runs in one process. `overlay` (routes to Pods) may share the controllers'. */
export type ServerPart = (typeof SERVER_PARTS)[number]
export const SERVER_PARTS = [
  'apiserver',
  'controllers',
  'scheduler',
  'overlay',
  'controllers,overlay',
] as const

/** What `skiff server` was told. Children get it as it is. */
export interface ServerOptions extends AuditFlags {
  data: string
  only?: ServerPart
  bind: string
  advertise?: string
  port: number
  /** Store URL; an embedded Redis where left out. */
  store?: string
  /** A file that names another store plugin. */
  storePlugin?: string
  encryptionProviderConfig?: string
  /** Take changes of that file over while running. */
  encryptionProviderConfigAutomaticReload?: boolean
  /** How long Events are kept, in milliseconds. */
  eventTtl?: number
  clusterCidr: string
  serviceCidr: string
  clusterDomain: string
  /** Of several controllers or schedulers one works: how it is found out which. Seconds. */
  leaderElectLeaseDuration: number
  leaderElectRenewDeadline: number
  leaderElectRetryPeriod: number
  /** Admission plugins that are on, or off, in spite of what is so by default. */
  enableAdmissionPlugins?: string[]
  disableAdmissionPlugins?: string[]
  /** What admission plugins are told: an AdmissionConfiguration. */
  admissionControlConfigFile?: string
  /** How long Pods stay on a node that is so. Seconds. */
  defaultNotReadyTolerationSeconds?: number
  defaultUnreachableTolerationSeconds?: number
  /** True where left out. */
  enablePriorityAndFairness?: boolean
  /** How long a start may take before /livez fails, in milliseconds. */
  livezGracePeriod?: number
  maxRequestsInflight?: number
  maxMutatingRequestsInflight?: number
}

/** The same, checked, with nothing left out that can be found out. */
export type CompleteServerOptions = ServerOptions & { advertise: string }
