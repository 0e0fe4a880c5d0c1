import { ALL_VERBS, groupVersionPath, type KindDeclaration, type Verb } from '../../kinds/kind.ts'
import { PARAMETERS, type Parameter } from './parameters.ts'

export interface GroupVersionKind {
  group: string
  version: string
  kind: string
}

export type Method = 'get' | 'post' | 'put' | 'patch' | 'delete'

/** One operation that the server offers, in words that both versions of OpenAPI are made from. */
export interface Operation {
  path: string
  method: Method
  id: string
  /** `x-kubernetes-action`. */
  action: 'list' | 'get' | 'post' | 'put' | 'patch' | 'delete' | 'deletecollection' | 'connect'
  /** `x-kubernetes-group-version-kind`. */
  kind: GroupVersionKind
  description: string
  /** Group and version in one word: `core_v1`. */
  tag: string
  parameters: readonly Parameter[]
  /** Definition of the body. */
  body: string | undefined
  /** Definition of what is returned, undefined for text and streams. */
  returns: string | undefined
  codes: readonly number[]
  /** On a custom resource: there is no strategic merge. */
  isCustom: boolean
}

const PATCH_TYPES = [
  'application/apply-patch+yaml',
  'application/json-patch+json',
  'application/merge-patch+json',
  'application/strategic-merge-patch+json',
]

/** The media types that an operation takes patches in: kubectl looks here whether it may send a strategic merge. */
export const patchTypes = ({ isCustom }: Operation): string[] =>
  PATCH_TYPES.filter(type => !isCustom || !type.includes('strategic'))

const META = 'io.k8s.apimachinery.pkg.apis.meta.v1.'
export const PATCH = `${META}Patch`
const STATUS = `${META}Status`
const DELETE_OPTIONS = `${META}DeleteOptions`

const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1)

/** `CoreV1`, `RbacAuthorizationV1`: how operations of a group version are named. */
function groupVersionName({ group, version }: { group: string; version: string }): string {
  const words = group === '' ? ['core'] : group.replace(/\.k8s\.io$/, '').split('.')
  return [...words, version].map(capital).join('')
}

const gvkOf = ({ group, version, kind }: GroupVersionKind): GroupVersionKind => ({ group, version, kind })

/** What differs between the operations of one kind. */
interface Draft {
  path: string
  method: Method
  action: Operation['action']
  /** First word of the id. */
  verb: string
  /** Rest of the id. */
  what: string
  text: string
  query?: readonly Parameter[]
  body?: string
  returns?: string | undefined
  codes?: readonly number[]
  kind?: GroupVersionKind
}

/** All operations on a kind and its subresources. */
export function operationsOf(kind: KindDeclaration): Operation[] {
  const name = groupVersionName(kind)
  const tag = `${(kind.group === '' ? 'core' : kind.group.replace(/\.k8s\.io$/, '')).replaceAll('.', '')}_${kind.version}`
  return [...collectionDrafts(kind), ...objectDrafts(kind), ...subresourceDrafts(kind)].map(draft => ({
    path: draft.path,
    method: draft.method,
    id: `${draft.verb}${name}${draft.what}`,
    action: draft.action,
    kind: draft.kind ?? gvkOf(kind),
    description: draft.text,
    tag,
    parameters: draft.query ?? [],
    body: draft.body,
    returns: draft.returns,
    codes: draft.codes ?? [200],
    isCustom: kind.custom === true && (draft.kind ?? kind).kind === kind.kind,
  }))
}

const scopeName = ({ namespaced }: KindDeclaration): string => (namespaced ? 'Namespaced' : '')

const collectionPath = (kind: KindDeclaration): string =>
  `${groupVersionPath(kind)}${kind.namespaced ? '/namespaces/{namespace}' : ''}/${kind.plural}`

const hasVerb = (kind: KindDeclaration, verb: Verb): boolean => (kind.verbs ?? ALL_VERBS).includes(verb)

function collectionDrafts(kind: KindDeclaration): Draft[] {
  const path = collectionPath(kind)
  const what = scopeName(kind) + kind.kind
  const drafts: Draft[] = []
  const list = {
    method: 'get',
    action: 'list',
    verb: 'list',
    text: `list or watch objects of kind ${kind.kind}`,
    query: PARAMETERS.list,
    returns: `${kind.schema}List`,
  } as const
  if (hasVerb(kind, 'list')) drafts.push({ ...list, path, what })
  if (hasVerb(kind, 'create'))
    drafts.push({ path, method: 'post', action: 'post', verb: 'create', what, ...createParts(kind) })
  if (hasVerb(kind, 'deletecollection'))
    drafts.push({
      ...deleteParts,
      path,
      action: 'deletecollection',
      what: `Collection${what}`,
      text: `delete collection of ${kind.kind}`,
      query: PARAMETERS.deleteCollection,
    })
  if (kind.namespaced && hasVerb(kind, 'list')) {
    const everywhere = `${groupVersionPath(kind)}/${kind.plural}`
    drafts.push({ ...list, path: everywhere, what: `${kind.kind}ForAllNamespaces` })
  }
  return drafts
}

const createParts = ({ kind, schema }: { kind: string; schema: string }) =>
  ({
    text: `create ${kind}`,
    query: PARAMETERS.write,
    body: schema,
    returns: schema,
    codes: [200, 201, 202],
  }) as const

const deleteParts = {
  method: 'delete',
  verb: 'delete',
  body: DELETE_OPTIONS,
  returns: STATUS,
} as const

function objectDrafts(kind: KindDeclaration): Draft[] {
  const path = `${collectionPath(kind)}/{name}`
  const what = scopeName(kind) + kind.kind
  const drafts: Draft[] = []
  if (hasVerb(kind, 'get')) drafts.push(readDraft(path, what, kind.kind, kind.schema))
  if (hasVerb(kind, 'update')) drafts.push(replaceDraft(path, what, kind.kind, kind.schema))
  if (hasVerb(kind, 'patch')) drafts.push(patchDraft(path, what, kind.kind, kind.schema))
  if (hasVerb(kind, 'delete'))
    drafts.push({
      ...deleteParts,
      path,
      action: 'delete',
      what,
      text: `delete ${kind.kind}`,
      query: PARAMETERS.delete,
      codes: [200, 202],
    })
  return drafts
}

const readDraft = (path: string, what: string, text: string, returns: string | undefined): Draft => ({
  path,
  method: 'get',
  action: 'get',
  verb: 'read',
  what,
  text: `read the specified ${text}`,
  returns,
})

const replaceDraft = (path: string, what: string, text: string, schema: string): Draft => ({
  path,
  method: 'put',
  action: 'put',
  verb: 'replace',
  what,
  text: `replace the specified ${text}`,
  query: PARAMETERS.write,
  body: schema,
  returns: schema,
  codes: [200, 201],
})

const patchDraft = (path: string, what: string, text: string, schema: string): Draft => ({
  path,
  method: 'patch',
  action: 'patch',
  verb: 'patch',
  what,
  text: `partially update the specified ${text}`,
  query: PARAMETERS.patch,
  body: PATCH,
  returns: schema,
  codes: [200, 201],
})

const SCALE = { group: 'autoscaling', version: 'v1', kind: 'Scale' } as const
const SCALE_SCHEMA = 'io.k8s.api.autoscaling.v1.Scale'

function subresourceDrafts(kind: KindDeclaration): Draft[] {
  const { status, scale, other = {} } = kind.subresources ?? {}
  return [
    ...(status ? writableDrafts(kind, 'status', kind, kind.schema) : []),
    ...(scale ? writableDrafts(kind, 'scale', SCALE, SCALE_SCHEMA) : []),
    ...Object.entries(other).flatMap(([name, { verbs, ...spoken }]) =>
      otherDrafts(kind, name, { group: kind.group, version: kind.version, ...spoken }, verbs),
    ),
  ]
}

function writableDrafts(kind: KindDeclaration, name: string, gvk: GroupVersionKind, schema: string): Draft[] {
  const path = `${collectionPath(kind)}/{name}/${name}`
  const what = scopeName(kind) + kind.kind + capital(name)
  const text = `${name} of the specified ${kind.kind}`
  return [
    readDraft(path, what, text, schema),
    replaceDraft(path, what, text, schema),
    patchDraft(path, what, text, schema),
  ].map(draft => ({ ...draft, kind: gvkOf(gvk) }))
}

const METHODS: Record<string, Method> = {
  create: 'post',
  get: 'get',
  update: 'put',
  patch: 'patch',
  delete: 'delete',
}

function otherDrafts(
  kind: KindDeclaration,
  name: string,
  gvk: GroupVersionKind,
  verbs: readonly string[],
): Draft[] {
  const path = `${collectionPath(kind)}/{name}/${name}`
  const what = scopeName(kind) + kind.kind + capital(name)
  const schema = gvk.kind === kind.kind ? kind.schema : schemaName(gvk)
  return verbs.map(verb => {
    const method = METHODS[verb]!
    if (gvk.kind.endsWith('Options')) return connectDraft(path, what, method, gvk)
    const common = { path, what, kind: gvk }
    if (verb === 'create')
      return {
        ...common,
        method,
        action: 'post',
        verb: 'create',
        ...createParts({ kind: `${name} of a ${kind.kind}`, schema }),
      }
    if (verb === 'get')
      return {
        ...readDraft(path, what, `${name} of ${kind.kind}`, name === 'log' ? undefined : schema),
        kind: gvk,
      }
    const make = verb === 'patch' ? patchDraft : replaceDraft
    return { ...make(path, what, `${name} of the specified ${kind.kind}`, schema), kind: gvk }
  })
}

const connectDraft = (path: string, what: string, method: Method, kind: GroupVersionKind): Draft => ({
  path,
  method,
  action: 'connect',
  verb: `connect${capital(method)}`,
  what,
  text: `connect ${method.toUpperCase()} requests to ${what}`,
  kind,
})

const schemaName = ({ group, version, kind }: GroupVersionKind): string =>
  `io.k8s.api.${group === '' ? 'core' : group.split('.')[0]}.${version}.${kind}`
