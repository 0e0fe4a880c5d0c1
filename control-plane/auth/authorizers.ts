import type { InformerFactory } from '../../api/client/client.ts'
import { createNodeAuthorizer } from './node-authorizer.ts'
import { createRbacAuthorizer, createRuleResolver } from './rbac.ts'
import type { ImmediateAuthorizer } from './types.ts'

const MASTERS = 'system:masters'

const mastersAuthorizer: ImmediateAuthorizer = {
  authorize: ({ user }) => ({ allowed: user.groups.includes(MASTERS) ? 'allow' : 'no-opinion' }),
}

/** What counts the decisions of an authorizer. */
export interface DecisionCount {
  value: number
}

export interface AuthorizerOptions {
  informers: InformerFactory
  /** Gives what counts what an authorizer allows. */
  countOf?: ((type: string) => DecisionCount) | undefined
}

/** The chain: system:masters, Node, RBAC. The first opinion counts; none means forbidden. */
export function createAuthorizer({ informers, countOf }: AuthorizerOptions): ImmediateAuthorizer {
  const counted = (type: string): DecisionCount => countOf?.(type) ?? { value: 0 }
  const chain: { authorizer: ImmediateAuthorizer; count: DecisionCount }[] = [
    // Upstream does not count those who may do all.
    { authorizer: mastersAuthorizer, count: { value: 0 } },
    { authorizer: createNodeAuthorizer(informers), count: counted('Node') },
    { authorizer: createRbacAuthorizer(createRuleResolver(informers)), count: counted('RBAC') },
  ]
  return {
    authorize(attributes) {
      const reasons: string[] = []
      for (const { authorizer, count } of chain) {
        const decision = authorizer.authorize(attributes)
        if (decision.allowed !== 'no-opinion') {
          count.value++
          return decision
        }
        if (decision.reason) reasons.push(decision.reason)
      }
      return { allowed: 'no-opinion', ...(reasons.length > 0 && { reason: reasons.join('\n') }) }
    },
  }
}
