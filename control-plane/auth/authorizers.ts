import type { InformerFactory } from '../../api/client/client.ts'
import { createNodeAuthorizer } from './node-authorizer.ts'
import { createRbacAuthorizer, createRuleResolver } from './rbac.ts'
import type { ImmediateAuthorizer } from './types.ts'

const MASTERS = 'system:masters'

const mastersAuthorizer: ImmediateAuthorizer = {
  authorize: ({ user }) => ({ allowed: user.groups.includes(MASTERS) ? 'allow' : 'no-opinion' }),
}

/** The chain: system:masters, Node, RBAC. The first opinion counts; none means forbidden. */
export function createAuthorizer({ informers }: { informers: InformerFactory }): ImmediateAuthorizer {
  const chain: ImmediateAuthorizer[] = [
    mastersAuthorizer,
    createNodeAuthorizer(informers),
    createRbacAuthorizer(createRuleResolver(informers)),
  ]
  return {
    authorize(attributes) {
      const reasons: string[] = []
      for (const authorizer of chain) {
        const decision = authorizer.authorize(attributes)
        if (decision.allowed !== 'no-opinion') return decision
        if (decision.reason) reasons.push(decision.reason)
      }
      return { allowed: 'no-opinion', ...(reasons.length > 0 && { reason: reasons.join('\n') }) }
    },
  }
}
