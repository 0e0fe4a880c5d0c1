import type { Client } from '../../../api/client/client.ts'
import { serviceCidrs } from '../../../api/kinds/networking.ts'
import type { ApiObject } from '../../../api/meta/object.ts'
import { isAlreadyExists, isNotFound } from '../../../api/meta/status.ts'
import { now } from '../../../api/meta/time.ts'
import type { Logger } from '../../../plugins/plugin.ts'

const NAME = { name: 'kubernetes' }
const READY = {
  type: 'Ready',
  status: 'True',
  reason: '',
  message: 'Kubernetes default Service CIDR is ready',
}

/**
 * Shows the network that the server gives Services addresses of as the ServiceCIDR `kubernetes` (KEP-1880). One that is
 * there is left as it is: what it says of other networks is told.
 */
export async function ensureServiceCidr(client: Client, serviceCIDR: string, log: Logger): Promise<void> {
  const found = (await find(client)) ?? (await create(client, serviceCIDR))
  if (!found || found.metadata.deletionTimestamp) return
  const cidrs: string[] = found.spec?.cidrs ?? []
  if (cidrs.length !== 1 || cidrs[0] !== serviceCIDR) {
    log.warn({ cidrs, serviceCIDR }, 'the ServiceCIDR kubernetes names other networks than this server')
    return
  }
  const conditions: { type: string }[] = found.status?.conditions ?? []
  if (conditions.some(({ type }) => type === READY.type)) return
  const body = { status: { conditions: [...conditions, { ...READY, lastTransitionTime: now() }] } }
  const { resourceVersion } = found.metadata
  const patch = { type: 'merge', body: { metadata: { resourceVersion }, ...body } } as const
  await client.patch(serviceCidrs, NAME, patch, { subresource: 'status' })
}

const find = (client: Client): Promise<ApiObject | undefined> =>
  client.get(serviceCidrs, NAME).catch(error => {
    if (!isNotFound(error)) throw error
    return undefined
  })

/** Undefined where another server made it at the same time, and says what is to be said. */
const create = (client: Client, cidr: string): Promise<ApiObject | undefined> =>
  client.create(serviceCidrs, { metadata: NAME, spec: { cidrs: [cidr] } } as never).catch(error => {
    if (!isAlreadyExists(error)) throw error
    return undefined
  })
