import type { Client, InformerFactory } from '../../../api/client/client.ts'
import type { KindDeclaration } from '../../../api/kinds/kind.ts'
import type { ApiObject } from '../../../api/meta/object.ts'
import type { RequestAuthenticator } from '../../auth/authenticators.ts'
import type { RuleResolver } from '../../auth/rbac.ts'
import type { ServiceAccountTokens } from '../../auth/service-account-tokens.ts'
import type { Authorizer, UserInfo } from '../../auth/types.ts'

/** A create on a subresource, or on a kind that is answered and not stored. */
export interface SubresourceRequest {
  kind: KindDeclaration
  name: string
  namespace: string | undefined
  object: ApiObject
  user: UserInfo
  dryRun: boolean
  /** The loopback. */
  client: Client
  /** The loopback past admission, for what a request that was admitted writes in its turn. */
  admitted: Client
  informers: InformerFactory
  authorizer: Authorizer
  rules: RuleResolver
  tokens: ServiceAccountTokens
  authenticator: RequestAuthenticator
  /** Whether a Pod that is bound gets the labels of its Binding (plugin PodTopologyLabels). */
  passesLabels: boolean
  now: Date
}

export type SubresourceHandler = (request: SubresourceRequest) => Promise<ApiObject>
