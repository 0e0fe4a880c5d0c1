import type { Client } from '../../../api/client/client.ts'
import type { AdmissionAttributes } from '../../../plugins/admission.ts'
import type { Authorizer } from '../../auth/types.ts'

/** What the rules ask of others. */
export interface Surroundings {
  client: Client
  authorizer: Authorizer
}

/** Why a node may not write this; undefined when it may. */
export type NodeRule = (
  attributes: AdmissionAttributes,
  node: string,
  surroundings: Surroundings,
) => string | undefined | Promise<string | undefined>
