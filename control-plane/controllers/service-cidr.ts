import type { Controller } from '../../api/client/controller.ts'
import { apiVersion } from '../../api/kinds/kind.ts'
import { ipAddresses, serviceCidrs } from '../../api/kinds/networking.ts'
import type { ApiObject } from '../../api/meta/object.ts'
import { isConflict, isNotFound } from '../../api/meta/status.ts'
import { now } from '../../api/meta/time.ts'
import { givesAddress, parseAddress } from '../registry/networking/service-network.ts'
import type { ControllerContext } from './context.ts'

const NAME = 'service-cidr-controller'
const FINALIZER = 'networking.k8s.io/service-cidr-finalizer'
/** Until every API server has heard that a range is going, and gives no address of it. Milliseconds. */
const GRACE = 10_000

/** Addresses that the API server gave to Services. */
const OF_SERVICES = 'ipaddress.kubernetes.io/managed-by'

interface Ready {
  status: 'True' | 'False'
  reason: string
  message: string
}
const READY: Ready = { status: 'True', reason: '', message: 'Kubernetes Service CIDR is ready' }
const IN_USE: Ready = {
  status: 'False',
  reason: 'Terminating',
  message:
    'There are still IPAddresses referencing the ServiceCIDR, please remove them or create a new ServiceCIDR',
}

/**
 * Says of ServiceCIDRs that Services can have addresses of them (KEP-1880), and holds one that is deleted for as long as a
 * Service has an address that is in no other.
 */
export function serviceCidrController({ client, informers }: ControllerContext): Controller {
  const ranges = informers.informer(serviceCidrs)
  const addresses = informers.informer(ipAddresses)

  const containing = (address: string): ApiObject[] =>
    ranges.list().filter(range => networksOf(range).some(network => gives(network, address)))

  function isUsed(range: ApiObject): boolean {
    const { name } = range.metadata
    const others = ranges.list().filter(other => other.metadata.name !== name)
    const isCovered = networksOf(range).every(network =>
      others.some(other => networksOf(other).some(wider => contains(wider, network))),
    )
    if (isCovered) return false
    return addresses.list().some(({ metadata }) => {
      if (metadata.labels?.[OF_SERVICES] !== 'ipallocator.k8s.io') return false
      const [only, ...more] = containing(metadata.name)
      return only?.metadata.name === name && more.length === 0
    })
  }

  async function hold({ metadata }: ApiObject, isHeld: boolean): Promise<void> {
    const before = metadata.finalizers ?? []
    if (before.includes(FINALIZER) === isHeld) return
    const finalizers = isHeld ? [...before, FINALIZER] : before.filter(name => name !== FINALIZER)
    const { resourceVersion } = metadata
    const body = { metadata: { finalizers, resourceVersion } }
    await client.patch(serviceCidrs, metadata, { type: 'merge', body })
  }

  async function say({ metadata: { name }, status }: ApiObject, wanted: Ready): Promise<void> {
    const conditions: (Ready & { type: string })[] = status?.conditions ?? []
    const found = conditions.find(({ type }) => type === 'Ready')
    const isSame =
      found?.status === wanted.status && found.reason === wanted.reason && found.message === wanted.message
    if (isSame) return
    const condition = { type: 'Ready', ...wanted, lastTransitionTime: now() }
    const body = {
      apiVersion: apiVersion(serviceCidrs),
      kind: serviceCidrs.kind,
      metadata: { name },
      status: { conditions: [condition] },
    }
    const options = { subresource: 'status', fieldManager: NAME, force: true }
    await client.patch(serviceCidrs, { name }, { type: 'apply', body }, options)
  }

  async function reconcile(name: string): Promise<{ requeueAfter: number } | undefined> {
    const range = ranges.get(name)
    if (!range) return undefined
    const { deletionTimestamp } = range.metadata
    if (!deletionTimestamp) {
      await hold(range, true)
      await say(range, READY)
      return undefined
    }
    if (isUsed(range)) {
      await say(range, IN_USE)
      return undefined
    }
    const requeueAfter = Date.parse(deletionTimestamp) + GRACE - Date.now()
    if (requeueAfter > 0) return { requeueAfter }
    await hold(range, false)
    return undefined
  }

  return {
    name: 'service-cidr',
    watches: [
      // What one of them covers may go.
      { kind: serviceCidrs, keys: () => ranges.list().map(({ metadata }) => metadata.name) },
      {
        kind: ipAddresses,
        keys: ({ metadata }) => containing(metadata.name).map(range => range.metadata.name),
      },
    ],
    reconcile: name =>
      reconcile(name).catch(error => {
        if (!isNotFound(error) && !isConflict(error)) throw error
      }),
  }
}

const networksOf = ({ spec }: ApiObject): string[] => spec?.cidrs ?? []

/** Whether a network contains another one. */
function contains(network: string, other: string): boolean {
  if (network.includes(':') !== other.includes(':')) return false
  return parseAddress(other).isInSubnet(parseAddress(network))
}

const gives = (network: string, address: string): boolean =>
  givesAddress(parseAddress(network), parseAddress(address))
