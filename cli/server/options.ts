/** What `skiff server` was told. Children get it as it is. */
export interface ServerOptions {
  data: string
  only?: 'apiserver' | 'controllers' | 'scheduler' | 'overlay'
  bind: string
  /** Filled in by {@link completeOptions}. */
  advertise?: string
  port: number
  store?: string
  clusterCidr: string
  serviceCidr: string
  clusterDomain: string
}
