import type { Client, DeepPartial } from '../../../api/client/client.ts'
import {
  type FlowSchema,
  flowSchemas,
  type PriorityLevelConfiguration,
  type PriorityLevelSpec,
  priorityLevelConfigurations,
} from '../../../api/kinds/flowcontrol.ts'
import type { KindDeclaration } from '../../../api/kinds/kind.ts'
import { isEqual } from '../../../api/meta/equal.ts'
import { isAlreadyExists, isConflict, isNotFound } from '../../../api/meta/status.ts'
import {
  AUTO_UPDATE,
  EXEMPT,
  MANDATORY_LEVELS,
  MANDATORY_SCHEMAS,
  SUGGESTED_LEVELS,
  SUGGESTED_SCHEMAS,
} from '../../registry/flowcontrol/defaults.ts'
import { strategies } from '../../registry/strategies.ts'

type Configuration = FlowSchema | PriorityLevelConfiguration

/** Who is said to own the fields. */
const PRODUCER = { fieldManager: 'api-priority-and-fairness-config-producer-v1' }

/**
 * Makes sure that the FlowSchemas and PriorityLevelConfigurations that come with the server are there and up to date. An
 * administrator's changes of suggested ones stay where they are annotated `apf.kubernetes.io/autoupdate-spec: "false"`;
 * what carries the annotation and came with a former version is removed.
 */
export async function ensureFlowConfiguration(client: Client): Promise<void> {
  await Promise.all([
    ensureAll(client, priorityLevelConfigurations, MANDATORY_LEVELS, SUGGESTED_LEVELS),
    ensureAll(client, flowSchemas, MANDATORY_SCHEMAS, SUGGESTED_SCHEMAS),
  ])
}

async function ensureAll<T extends Configuration>(
  client: Client,
  kind: KindDeclaration<T>,
  mandatory: readonly T[],
  suggested: readonly T[],
): Promise<void> {
  const { items } = await client.list(kind)
  const found = new Map(items.map(object => [object.metadata.name, object]))
  const ensure = (isMandatory: boolean) => async (wanted: T) => {
    const current = found.get(wanted.metadata.name)
    found.delete(wanted.metadata.name)
    if (!current)
      return await ignoring(isAlreadyExists, client.create(kind, wanted as DeepPartial<T>, PRODUCER))
    const revised = revise(current, wanted, isMandatory)
    if (revised) await ignoring(isConflict, client.update(kind, revised, PRODUCER))
  }
  await Promise.all([...suggested.map(ensure(false)), ...mandatory.map(ensure(true))])
  await Promise.all(
    [...found.values()]
      .filter(object => autoUpdate(object) === true)
      .map(({ metadata: { name, resourceVersion } }) => {
        const preconditions = resourceVersion === undefined ? {} : { preconditions: { resourceVersion } }
        const isGone = (error: unknown) => isNotFound(error) || isConflict(error)
        return ignoring(isGone, client.delete(kind, { name }, preconditions))
      }),
  )
}

/** The object as it should be, or nothing if it is. */
function revise<T extends Configuration>(current: T, wanted: T, isMandatory: boolean): T | undefined {
  const { metadata } = current
  const follows = isMandatory || (autoUpdate(current) ?? metadata.generation === 1)
  const spec = follows ? filledSpec(current, wanted) : current.spec
  const isSame = autoUpdate(current) === follows && isEqual(current.spec, spec)
  if (isSame) return undefined
  const annotations = { ...metadata.annotations, [AUTO_UPDATE]: String(follows) }
  return { ...current, metadata: { ...metadata, annotations }, spec }
}

/** The spec with its defaults; what the exempt level may lend is the administrator's to say. */
function filledSpec<T extends Configuration>(current: T, wanted: T): T['spec'] {
  const filled = structuredClone(wanted)
  const resource = filled.kind === 'FlowSchema' ? 'flowschemas' : 'prioritylevelconfigurations'
  strategies[`${resource}.flowcontrol.apiserver.k8s.io`]!.defaults?.(filled)
  const { spec } = filled
  const { exempt } = current.spec as PriorityLevelSpec
  return wanted.metadata.name === EXEMPT && exempt ? { ...spec, exempt } : spec
}

/** What the annotation says, as Go reads booleans; undefined where it says nothing. */
function autoUpdate({ metadata }: Configuration): boolean | undefined {
  const value = metadata.annotations?.[AUTO_UPDATE] ?? ''
  if (['1', 't', 'T', 'true', 'TRUE', 'True'].includes(value)) return true
  return ['0', 'f', 'F', 'false', 'FALSE', 'False'].includes(value) ? false : undefined
}

/** Another API server may do the same at the same time. */
async function ignoring(isFine: (error: unknown) => boolean, work: Promise<unknown>): Promise<void> {
  await work.catch(error => {
    if (!isFine(error)) throw error
  })
}
