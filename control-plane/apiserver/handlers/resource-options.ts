import type { SubresourceRequest } from '../../registry/subresources/handler.ts'
import type { KindRegistry } from '../kind-registry.ts'
import type { ApiContext } from '../pipeline/state.ts'
import type { Core } from '../rest/core.ts'

/** What requests for resources are answered with. */
export interface ResourceOptions {
  core: Core
  kinds: KindRegistry
  /** What reviews and subresources with rules of their own work with. */
  review: Pick<
    SubresourceRequest,
    'client' | 'admitted' | 'informers' | 'authorizer' | 'rules' | 'tokens' | 'authenticator' | 'passesLabels'
  >
  /** Answers requests that lead to a kubelet, a Pod or a Service (`log`, `exec`, `proxy` …). */
  connect(ctx: ApiContext): Promise<void>
}
