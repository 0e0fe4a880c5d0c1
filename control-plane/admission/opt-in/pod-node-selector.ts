import type { Pod } from '../../../api/kinds/types.ts'
import { unexpectedError } from '../../../api/meta/status.ts'
import { isQualifiedName, isValidLabelValue } from '../../../api/meta/validation.ts'
import type { AdmissionAttributes, AdmissionPlugin } from '../../../plugins/admission.ts'
import type { NamespaceFinder } from '../matching/selection.ts'
import { isPodCreate, refusePod } from '../pod-writes.ts'

type Labels = Record<string, string>

/** `podNodeSelectorPluginConfig`: selectors of nodes, `a=b,c=d`, by namespace. */
export type NodeSelectors = Record<string, string>

const ANNOTATION = 'scheduler.alpha.kubernetes.io/node-selector'
const DEFAULT = 'clusterDefaultNodeSelector'

/** Keeps the Pods of a namespace to the nodes that are for it. */
export function podNodeSelector(finder: NamespaceFinder, selectors: NodeSelectors = {}): AdmissionPlugin {
  async function check(attributes: AdmissionAttributes): Promise<Labels> {
    const namespace = attributes.namespace ?? ''
    const { annotations } = (await finder.find(namespace)).metadata
    const given = parse(annotations?.[ANNOTATION] ?? selectors[DEFAULT] ?? '')
    const own = (attributes.object as Pod).spec.nodeSelector ?? {}
    if (Object.keys(given).some(key => own[key] !== undefined && own[key] !== given[key])) {
      throw refusePod(attributes, 'pod node label selector conflicts with its namespace node label selector')
    }
    const allowed = parse(selectors[namespace] ?? '')
    const merged = { ...given, ...own }
    const isAllowed = Object.entries(merged).every(([key, value]) => allowed[key] === value)
    if (Object.keys(allowed).length > 0 && !isAllowed) {
      throw refusePod(attributes, 'pod node label selector labels conflict with its namespace whitelist')
    }
    return merged
  }
  return {
    name: 'PodNodeSelector',
    handles: isPodCreate,
    async mutate(attributes) {
      const merged = await check(attributes)
      if (Object.keys(merged).length > 0) (attributes.object as Pod).spec.nodeSelector = merged
    },
    async validate(attributes) {
      await check(attributes)
    },
  }
}

/** @throws StatusError 500, as upstream's server answers what it cannot read */
function parse(text: string): Labels {
  if (text === '') return {}
  return Object.fromEntries(
    text.split(',').map(part => {
      const words = part.split('=')
      if (words.length !== 2) throw unexpectedError(`invalid selector: [${words.join(' ')}]`)
      const [key, value] = words.map(word => word.trim()) as [string, string]
      const [fault] = [...isQualifiedName(key), ...isValidLabelValue(value)]
      if (fault) throw unexpectedError(`invalid selector: ${JSON.stringify(part)}: ${fault}`)
      return [key, value]
    }),
  )
}
