import { apiVersion } from '../../../api/kinds/kind.ts'
import type { ApiObject } from '../../../api/meta/object.ts'
import type { Resource } from '../kind-registry.ts'
import type { ApiContext } from '../pipeline/state.ts'
import type { Target } from '../rest/core.ts'
import { Effects } from '../rest/core.ts'
import { boolean, writeContext } from './options.ts'
import type { ResourceOptions } from './resource-options.ts'

/** Opens a connection to a Pod, a Service or a node, once admission (operation CONNECT) has nothing against it. */
export async function connectHandler(
  ctx: ApiContext,
  resource: Resource,
  target: Target,
  { core, connect }: ResourceOptions,
): Promise<void> {
  const { subresource } = ctx.state.info
  // Logs are read like any object.
  if (subresource !== 'log') {
    const effects = new Effects()
    const attributes = effects.attributes(resource, writeContext(ctx), {
      operation: 'CONNECT',
      target,
      subresource,
      object: optionsOf(ctx, resource),
      oldObject: undefined,
    })
    await core.admission.mutate(attributes)
    await core.admission.validate(attributes)
  }
  await connect(ctx)
}

const STREAMS = ['stdin', 'stdout', 'stderr', 'tty']

/** What is asked for, as an object (PodExecOptions, PodPortForwardOptions, ServiceProxyOptions …). */
function optionsOf({ state }: ApiContext, { kind }: Resource): ApiObject {
  const { query, subresource, rest } = state.info
  const other = kind.subresources!.other![subresource]!
  const streams = STREAMS.filter(name => boolean(query, name)).map(name => [name, true])
  const command = query.getAll('command')
  const ports = query.getAll('ports').map(Number)
  const container = query.get('container')
  return {
    kind: other.kind,
    apiVersion: apiVersion(kind),
    ...Object.fromEntries(streams),
    ...(container && { container }),
    ...(command.length > 0 && { command }),
    ...(ports.length > 0 && { ports }),
    ...(subresource === 'proxy' && rest && { path: rest }),
  } as unknown as ApiObject
}
