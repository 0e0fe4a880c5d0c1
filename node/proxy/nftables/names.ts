import { createHash } from 'node:crypto'
import type { EndpointModel, ServicePortModel } from '../../../plugins/proxy.ts'

const LONGEST = 100

/** A name part that is unique for a Service port and can be read: `2k3j5h1d-default/web/tcp/http`. */
export function serviceLabel({ id, namespace, name, protocol, portName, port }: ServicePortModel): string {
  const readable = `${namespace}/${name}/${protocol.toLowerCase()}/${portName || port}`
  return `${shortHash(id)}-${readable}`.slice(0, LONGEST)
}

/** A name part for one endpoint of one Service port and one affinity timeout; the same after a restart. */
export function endpointLabel(model: ServicePortModel, { address, port }: EndpointModel): string {
  return shortHash(`${model.id} ${address} ${port} ${model.affinityTimeout}`)
}

function shortHash(text: string): string {
  const number = createHash('sha256').update(text).digest().readBigUInt64BE()
  return number.toString(36).padStart(13, '0').slice(-10)
}
