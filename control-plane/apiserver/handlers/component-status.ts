import type { Client } from '../../../api/client/client.ts'
import { leases } from '../../../api/kinds/coordination.ts'
import type { ApiObject } from '../../../api/meta/object.ts'
import { isNotFound, notFound } from '../../../api/meta/status.ts'
import type { StorePlugin } from '../../../plugins/store.ts'
import type { Resource } from '../kind-registry.ts'
import type { ApiContext } from '../pipeline/state.ts'
import { includeObject, sendValue, tableVersion, wantsTable } from '../representation/send.ts'
import { tableOf } from '../representation/table.ts'

interface Sources {
  client: Client
  store: StorePlugin
}

/** Resolves to what is said of a component that is well, rejects with what is wrong. */
type Check = (sources: Sources) => Promise<string>

/** A component of which any number may run is well as long as one of them leads. */
const leads =
  (name: string): Check =>
  async ({ client }) => {
    const lease = await client.get(leases, { name, namespace: 'kube-system' }).catch(error => {
      if (!isNotFound(error)) throw error
    })
    const { holderIdentity, renewTime, leaseDurationSeconds = 15 } = lease?.spec ?? {}
    if (!holderIdentity || !renewTime) throw new Error('no instance is leading')
    const age = (Date.now() - Date.parse(renewTime)) / 1000
    if (age > leaseDurationSeconds) throw new Error(`${holderIdentity} was last seen ${Math.round(age)}s ago`)
    return 'ok'
  }

const CHECKS: Record<string, Check> = {
  'controller-manager': leads('kube-controller-manager'),
  'etcd-0': ({ store }) => store.ping().then(() => 'ok'),
  scheduler: leads('kube-scheduler'),
}

async function statusOf(name: string, sources: Sources): Promise<ApiObject> {
  const condition = await CHECKS[name]!(sources).then(
    message => ({ type: 'Healthy', status: 'True', message }),
    error => ({ type: 'Healthy', status: 'False', message: (error as Error).message }),
  )
  return { apiVersion: 'v1', kind: 'ComponentStatus', metadata: { name }, conditions: [condition] }
}

/** Answers `get` and `list` of ComponentStatus. @throws StatusError 404 */
export async function componentStatusHandler(
  ctx: ApiContext,
  { kind }: Resource,
  sources: Sources,
): Promise<void> {
  const { name } = ctx.state.info
  if (name !== undefined && !Object.hasOwn(CHECKS, name))
    throw notFound({ group: '', plural: kind.singular }, name)
  const names = name === undefined ? Object.keys(CHECKS) : [name]
  const items = await Promise.all(names.map(each => statusOf(each, sources)))
  if (wantsTable(ctx)) {
    const rows = items.map(object => ({ object }))
    return await sendValue(ctx, 200, tableOf(kind, rows, {}, includeObject(ctx), tableVersion(ctx)))
  }
  if (name !== undefined) return await sendValue(ctx, 200, items[0]!)
  await sendValue(ctx, 200, { kind: 'ComponentStatusList', apiVersion: 'v1', metadata: {}, items })
}
