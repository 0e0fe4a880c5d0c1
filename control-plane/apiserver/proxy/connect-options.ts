import type { InformerFactory } from '../../../api/client/client.ts'
import type { KindDeclaration } from '../../../api/kinds/kind.ts'
import type { KeyPair } from '../../auth/certificates.ts'

export interface ConnectOptions {
  informers: InformerFactory
  /** Resolves when the informers of these kinds know all that was written before: a Pod may be asked for what it just got. */
  current(kinds: readonly KindDeclaration<any>[]): Promise<void>
  /** What the API server shows to kubelets. */
  client: KeyPair
  /** Signs kubelets' certificates. */
  ca: string
}
