import { ALL_VERBS, groupVersionPath, type KindDeclaration, type Verb } from '../../kinds/kind.ts'
import { connectDrafts, isConnected, LOG_PARAMETERS } from './connect-operations.ts'
import {
  ANYTHING,
  capital,
  type Draft,
  type GroupVersionKind,
  groupWord,
  MEDIA_TYPES,
  META,
  type Method,
  type Operation,
  WATCHED_MEDIA_TYPES,
} from './operation.ts'
import { PARAMETERS } from './parameters.ts'

const PATCH_TYPES = [
  'application/apply-patch+yaml',
  'application/json-patch+json',
  'application/merge-patch+json',
  'application/strategic-merge-patch+json',
]

/**
 * The media types that an operation takes: kubectl looks here whether it may send a strategic merge, which custom resources
 * have not.
 */
function consumedTypes(draft: Draft, isCustom: boolean): readonly string[] {
  if (draft.method !== 'patch' || draft.action === 'connect') return ANYTHING
  return PATCH_TYPES.filter(type => !isCustom || !type.includes('strategic'))
}

export const PATCH = `${META}Patch`
const STATUS = `${META}Status`
const DELETE_OPTIONS = `${META}DeleteOptions`

const gvkOf = ({ group, version, kind }: GroupVersionKind): GroupVersionKind => ({ group, version, kind })

/** All operations on a kind and its subresources. */
export function operationsOf(kind: KindDeclaration): Operation[] {
  const name = capital(groupWord(kind.group)) + capital(kind.version)
  const tag = `${groupWord(kind.group)}_${kind.version}`
  const drafts = [
    ...collectionDrafts(kind),
    ...objectDrafts(kind),
    ...watchDrafts(kind),
    ...subresourceDrafts(kind),
  ]
  return drafts.map(draft => ({
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
    consumes: consumedTypes(draft, kind.custom === true && (draft.kind ?? kind).kind === kind.kind),
    produces: producedTypes(draft),
    codes: draft.codes ?? [200],
  }))
}

function producedTypes({ action, returns }: Draft): readonly string[] {
  if (action === 'list' || action?.startsWith('watch')) return WATCHED_MEDIA_TYPES
  return returns ? MEDIA_TYPES : ANYTHING
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

/** Watches by paths of their own, which old clients take; custom resources never had them. */
function watchDrafts(kind: KindDeclaration): Draft[] {
  if (kind.custom || !hasVerb(kind, 'watch')) return []
  const inGroup = collectionPath(kind).slice(groupVersionPath(kind).length)
  const path = `${groupVersionPath(kind)}/watch${inGroup}`
  const what = scopeName(kind) + kind.kind
  const common = {
    method: 'get',
    verb: 'watch',
    returns: `${META}WatchEvent`,
    query: PARAMETERS.list,
  } as const
  const instead = "deprecated: use the 'watch' parameter with a list operation instead"
  const list = {
    ...common,
    action: 'watchlist',
    text: `watch individual changes to a list of ${kind.kind}. ${instead}.`,
  } as const
  const everywhere = `${groupVersionPath(kind)}/watch/${kind.plural}`
  const all: Draft = { ...list, path: everywhere, what: `${kind.kind}ListForAllNamespaces` }
  return [
    { ...list, path, what: `${what}List` },
    {
      ...common,
      action: 'watch',
      path: `${path}/{name}`,
      what,
      text: `watch changes to an object of kind ${kind.kind}. ${instead}, filtered to a single item with the 'fieldSelector' parameter.`,
    },
    ...(kind.namespaced ? [all] : []),
  ]
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
  if (isConnected(gvk)) return connectDrafts(path, what, `${name} of ${kind.kind}`, gvk)
  return verbs.map(verb => {
    const method = METHODS[verb]!
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
        ...readDraft(
          path,
          what,
          `${name} of the specified ${kind.kind}`,
          name === 'log' ? undefined : schema,
        ),
        ...(name === 'log' && { query: LOG_PARAMETERS }),
        kind: gvk,
      }
    const make = verb === 'patch' ? patchDraft : replaceDraft
    return { ...make(path, what, `${name} of the specified ${kind.kind}`, schema), kind: gvk }
  })
}

const schemaName = ({ group, version, kind }: GroupVersionKind): string =>
  `io.k8s.api.${group === '' ? 'core' : group.split('.')[0]}.${version}.${kind}`
