import { builtinKinds } from '../../api/kinds/builtin.ts'
import { resourceName } from '../../api/kinds/kind.ts'
import type { AdmissionAttributes, AdmissionPlugin } from '../../plugins/admission.ts'

/** A write as a plugin is told of it; what it warned of is in `warnings`. */
export function attributesOf(
  resource: string,
  write: Partial<AdmissionAttributes>,
): AdmissionAttributes & { warnings: string[] } {
  const kind = builtinKinds.find(known => resourceName(known) === resource)!
  const warnings: string[] = []
  return {
    operation: 'CREATE',
    kind,
    subresource: '',
    namespace: kind.namespaced ? 'default' : undefined,
    name: write.object?.metadata?.name ?? '',
    object: undefined,
    oldObject: undefined,
    user: { name: 'tester', groups: [] },
    dryRun: false,
    onFailure() {},
    onSuccess() {},
    ...write,
    warn: message => void warnings.push(message),
    warnings,
  }
}

/** Sends a write past a plugin: why it is refused, or undefined. */
export async function refusal(
  plugin: AdmissionPlugin,
  attributes: AdmissionAttributes,
): Promise<string | undefined> {
  if (plugin.handles && !plugin.handles(attributes)) return undefined
  try {
    await plugin.mutate?.(attributes)
    await plugin.validate?.(attributes)
    return undefined
  } catch (error) {
    return (error as Error).message
  }
}
