import type { InformerFactory } from '../../../api/client/client.ts'
import type { KeyPair } from '../../auth/certificates.ts'

export interface ConnectOptions {
  informers: InformerFactory
  /** What the API server shows to kubelets. */
  client: KeyPair
  /** Signs kubelets' certificates. */
  ca: string
}
