import type { KindDeclaration } from '../../../api/kinds/kind.ts'
import type { ApiObject } from '../../../api/meta/object.ts'
import {
  EVERYTHING,
  type FieldSelector,
  parseFieldSelector,
  parseLabelSelector,
} from '../../../api/meta/selectors.ts'
import { badRequest, type StatusError } from '../../../api/meta/status.ts'
import type { Entry } from './entry.ts'

/** Which objects of a kind a list or watch is about. */
export interface FilterOptions {
  namespace?: string | undefined
  /** One object, as a watch of `…/pods/NAME` asks for. */
  name?: string | undefined
  labelSelector?: string | undefined
  fieldSelector?: string | undefined
}

/** A compiled selection. Range and name are told by keys alone; `matches` has to look into the object. */
export interface Filter {
  /** Keys from here … */
  from: string
  /** … to below here; undefined for no end. */
  to: string | undefined
  /** Absent where the range says it all. */
  matches: ((object: ApiObject) => boolean) | undefined
  /** The node named by `spec.nodeName=…`, for the index. */
  nodeName: string | undefined
  /** The same for equal filters: watchers with the same one share the work. */
  id: string
}

/**
 * Compiles a selection.
 * @throws StatusError 400 on a selector that cannot be parsed or names a field the kind does not offer.
 */
export function compileFilter(kind: KindDeclaration, options: FilterOptions): Filter {
  const labels = options.labelSelector ? parseLabelSelector(options.labelSelector) : EVERYTHING
  const fields = options.fieldSelector ? checkedFields(kind, options) : undefined
  const name = options.name ?? required(fields, 'metadata.name')
  const namespace = kind.namespaced
    ? (options.namespace ?? required(fields, 'metadata.namespace'))
    : undefined
  const inKey: Record<string, string | undefined> = { 'metadata.name': name, 'metadata.namespace': namespace }
  const rest =
    fields?.requirements.filter(({ field, operator, value }) => operator !== '=' || inKey[field] !== value) ??
    []
  const [from, to] = keyRange(kind, namespace, name)
  const tests: ((object: ApiObject) => boolean)[] = []
  if (labels.requirements.length > 0) tests.push(object => labels.matches(object.metadata.labels))
  const needsFields = rest.length > 0 || (name !== undefined && kind.namespaced && !namespace)
  if (needsFields) tests.push(object => matchesFields(kind, fields, name, object))
  return {
    from,
    to,
    matches: tests.length === 0 ? undefined : object => tests.every(test => test(object)),
    nodeName: required(fields, 'spec.nodeName'),
    id: JSON.stringify([from, to, labels.toString(), fields?.toString(), options.name]),
  }
}

/** Whether an entry is selected. */
export function selects(filter: Filter, entry: Entry): boolean {
  if (entry.key < filter.from || (filter.to !== undefined && entry.key >= filter.to)) return false
  return filter.matches === undefined || filter.matches(entry.object)
}

function matchesFields(
  kind: KindDeclaration,
  fields: FieldSelector | undefined,
  name: string | undefined,
  object: ApiObject,
): boolean {
  if (name !== undefined && object.metadata.name !== name) return false
  return fields === undefined || fields.matches(field => fieldOf(kind, object, field))
}

function fieldOf(kind: KindDeclaration, object: ApiObject, field: string): string {
  if (field === 'metadata.name') return object.metadata.name
  if (field === 'metadata.namespace') return object.metadata.namespace ?? ''
  return kind.fieldSelectors?.[field]?.(object) ?? ''
}

function required(fields: FieldSelector | undefined, field: string): string | undefined {
  return fields?.requirements.find(term => term.field === field && term.operator === '=')?.value
}

/** The end of a range of keys with a prefix: one above its last character. */
function keyRange(
  kind: KindDeclaration,
  namespace: string | undefined,
  name: string | undefined,
): [string, string | undefined] {
  const key = kind.namespaced ? (namespace && name !== undefined ? `${namespace}/${name}` : undefined) : name
  if (key !== undefined) return [key, `${key}\0`]
  return namespace ? [`${namespace}/`, `${namespace}0`] : ['', undefined]
}

function checkedFields(kind: KindDeclaration, options: FilterOptions): FieldSelector {
  const selector = parseFieldSelector(options.fieldSelector!)
  for (const { field } of selector.requirements) {
    const isKnown =
      field === 'metadata.name' ||
      (field === 'metadata.namespace' && (kind.namespaced || isPlain(kind))) ||
      Object.hasOwn(kind.fieldSelectors ?? {}, field)
    if (!isKnown) throw unsupportedField(kind, field)
  }
  return selector
}

/** Built-in kinds without fields of their own to select by, which upstream serves by one rule. */
const isPlain = ({ fieldSelectors, custom }: KindDeclaration): boolean => !custom && !fieldSelectors

function unsupportedField(kind: KindDeclaration, field: string): StatusError {
  if (isPlain(kind)) {
    return badRequest(
      `${JSON.stringify(field)} is not a known field selector: only "metadata.name", "metadata.namespace"`,
    )
  }
  if (kind.kind === 'Job' && kind.group === 'batch') {
    return badRequest(`field label ${JSON.stringify(field)} not supported for batchv1.Job`)
  }
  return badRequest(`field label not supported: ${field}`)
}
