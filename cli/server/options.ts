/** What `skiff server` was told. Children get it as it is. */
export interface ServerOptions {
  data: string
  only?: 'apiserver' | 'controllers' | 'scheduler' | 'overlay'
  bind: string
  advertise?: string
  port: number
  store?: string
  clusterCidr: string
  serviceCidr: string
  clusterDomain: string
  /** A file for audit events, `-` for standard output. */
  auditLogPath?: string
  maxRequestsInflight?: number
  maxMutatingRequestsInflight?: number
}

/** The same, checked, with nothing left out that can be found out. */
export type CompleteServerOptions = ServerOptions & { advertise: string }
