import { isDeepStrictEqual } from 'node:util'
import type { Client, InformerFactory } from '../../../api/client/client.ts'
import { type ApiService, apiServices } from '../../../api/kinds/apiregistration.ts'
import { endpoints, services } from '../../../api/kinds/core.ts'
import type { Condition } from '../../../api/meta/object.ts'
import { now } from '../../../api/meta/time.ts'
import type { KeyPair } from '../../auth/certificates.ts'
import { askRemote, findRemote } from './remote.ts'

const HTTPS = 443

export interface AvailabilityOptions {
  client: Client
  informers: InformerFactory
  frontProxy: KeyPair
}

type Finding = Pick<Condition, 'status' | 'reason' | 'message'>

const no = (reason: string, message: string): Finding => ({ status: 'False', reason, message })

/** Looks whether the server behind an APIService answers, and writes that into its status. */
export async function checkAvailability(service: ApiService, options: AvailabilityOptions): Promise<boolean> {
  const finding = await lookAt(service, options)
  await writeCondition(service, finding, options.client)
  return finding.status === 'True'
}

async function lookAt(service: ApiService, { informers, frontProxy }: AvailabilityOptions): Promise<Finding> {
  const missing = await lookAtService(service, informers)
  if (missing) return missing
  const remote = await findRemote(service, informers, frontProxy)
  if (typeof remote === 'string')
    return no('FailedDiscoveryCheck', `no response from ${service.metadata.name}: ${remote}`)
  const { group, version } = service.spec
  const path = `/apis/${group}/${version}`
  const url = `https://${remote.address.host}:${remote.address.port}${path}`
  try {
    const { status } = await askRemote(remote, path)
    if (status >= 200 && status < 300)
      return { status: 'True', reason: 'Passed', message: 'all checks passed' }
    const why = `bad status from ${url}: ${status}`
    return no('FailedDiscoveryCheck', `failing or missing response from ${url}: ${why}`)
  } catch (error) {
    return no('FailedDiscoveryCheck', `failing or missing response from ${url}: ${(error as Error).message}`)
  }
}

/** What is wrong before anybody is asked: the Service, its port, its endpoints. */
async function lookAtService({ spec }: ApiService, informers: InformerFactory): Promise<Finding | undefined> {
  const { namespace, name, port = HTTPS } = spec.service!
  const [known, reachable] = [informers.informer(services), informers.informer(endpoints)]
  await Promise.all([known.synced(), reachable.synced()])
  const what = `service/${name} in ${JSON.stringify(namespace)}`
  const service = known.get(`${namespace}/${name}`)
  if (!service) return no('ServiceNotFound', `${what} is not present`)
  const servicePort = service.spec.ports?.find(candidate => candidate.port === port)
  if (!servicePort) return no('ServicePortError', `${what} is not listening on port ${port}`)
  const found = reachable.get(`${namespace}/${name}`)
  if (!found) return no('EndpointsNotFound', `cannot find endpoints for ${what}`)
  const portName = servicePort.name ?? ''
  const isReachable = found.subsets?.some(
    ({ addresses = [], ports = [] }) =>
      addresses.length > 0 && ports.some(({ name: own = '' }) => own === portName),
  )
  if (isReachable) return undefined
  return no(
    'MissingEndpoints',
    `endpoints for ${what} have no addresses with port name ${JSON.stringify(portName)}`,
  )
}

async function writeCondition(service: ApiService, finding: Finding, client: Client): Promise<void> {
  const before = service.status?.conditions ?? []
  const old = before.find(({ type }) => type === 'Available')
  const isKept = old?.status === finding.status && old.lastTransitionTime
  const condition = {
    type: 'Available',
    ...finding,
    lastTransitionTime: isKept ? old.lastTransitionTime! : now(),
  }
  const conditions = [...before.filter(({ type }) => type !== 'Available'), condition]
  if (isDeepStrictEqual(old, condition)) return
  await client.update(apiServices, { ...service, status: { conditions } }, { subresource: 'status' })
}

export const isAvailable = ({ status }: ApiService): boolean =>
  status?.conditions?.some(({ type, status: value }) => type === 'Available' && value === 'True') ?? false
