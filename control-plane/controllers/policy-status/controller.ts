import type { Controller } from '../../../api/client/controller.ts'
import { validatingAdmissionPolicies } from '../../../api/kinds/admissionregistration.ts'
import { customResourceDefinitions } from '../../../api/kinds/apiextensions.ts'
import { apiVersion } from '../../../api/kinds/kind.ts'
import type { ControllerContext } from '../context.ts'
import { checkTypes } from './check.ts'
import { KindSchemas } from './schemas.ts'

const NAME = 'validatingadmissionpolicy-status'

/** Says in a policy's status which of its expressions do not fit the kinds it is for. Each generation is looked at once. */
export function policyStatusController({ client, informers }: ControllerContext): Controller {
  const policies = informers.informer(validatingAdmissionPolicies)
  const definitions = informers.informer(customResourceDefinitions)
  const schemas = new KindSchemas(() => definitions.list())
  return {
    name: NAME,
    watches: [{ kind: validatingAdmissionPolicies }, { kind: customResourceDefinitions, keys: () => [] }],
    async reconcile(name) {
      const policy = policies.get(name)
      if (!policy) return
      const { generation = 0 } = policy.metadata
      if (generation <= (policy.status?.observedGeneration ?? 0)) return
      const expressionWarnings = await checkTypes(policy, schemas)
      const status = {
        observedGeneration: generation,
        typeChecking: expressionWarnings.length > 0 ? { expressionWarnings } : {},
      }
      const { kind } = validatingAdmissionPolicies
      const body = { apiVersion: apiVersion(validatingAdmissionPolicies), kind, metadata: { name }, status }
      const options = { subresource: 'status', fieldManager: NAME, force: true }
      await client.patch(validatingAdmissionPolicies, { name }, { type: 'apply', body }, options)
    },
  }
}
