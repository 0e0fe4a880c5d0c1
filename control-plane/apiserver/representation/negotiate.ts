import { noRepresentation, notAcceptable } from '../../../api/meta/status.ts'

/** The shape of the answer: the objects themselves, a table of them, or their metadata alone. */
export type Form = 'object' | 'table' | 'metadata'

/** The version that tables and bare metadata are told in: the older one is the same by another name. */
export type MetaVersion = 'meta.k8s.io/v1' | 'meta.k8s.io/v1beta1'

export const PROTOBUF = 'application/vnd.kubernetes.protobuf'
export const YAML = 'application/yaml'

/** What a client wants to be sent. */
export interface Representation {
  type: 'application/json' | 'application/yaml' | typeof PROTOBUF
  form: Form
  meta: MetaVersion
  /** Of bare metadata: whether it is a list of it that was asked for. */
  isList: boolean
}

const DEFAULT: Representation = {
  type: 'application/json',
  form: 'object',
  meta: 'meta.k8s.io/v1',
  isList: false,
}
const SERVED = ['application/json', 'application/yaml']
/** What watches are sent in. */
export const STREAMED: readonly string[] = ['application/json', PROTOBUF].map(type => `${type};stream=watch`)
/** Accept headers that were seen: for kinds that have a form in protobuf, and for those that have none. */
const known = { withProtobuf: new Map<string, Representation | null>(), without: new Map() }
const MOST_KNOWN = 500

/** What built-in resources are had in, as upstream's router sees it. */
const OBJECTS: readonly string[] = ['application/json', YAML, PROTOBUF]
const LISTS: readonly string[] = [...OBJECTS, 'application/json;stream=watch', `${PROTOBUF};stream=watch`]
/** Accept headers that the router lets by. */
const routed = new Set<string>()

/**
 * Upstream's router looks at the bare media types, to the letter, and refuses what takes none that a path has. Paths of
 * custom resources and of the aggregator do not come by it.
 * @throws StatusError 406
 */
export function checkRoute(accept: string | undefined, isList = false): void {
  if (!accept || routed.has(accept)) return
  if (!takesAny(accept, OBJECTS)) throw noRepresentation(isList ? LISTS : OBJECTS)
  if (routed.size < MOST_KNOWN) routed.add(accept)
}

/** Whether an Accept header names a media type, or all of them. */
export const takesAny = (accept: string, served: readonly string[]): boolean =>
  accept.split(',').some(clause => {
    const type = clause.split(';', 1)[0]!.trim()
    return type === '*/*' || served.includes(type)
  })

/**
 * What an error is told in: the first clause that is had and asks for no other form; undefined where there is none, and the
 * error is told all the same.
 */
export function errorType(accept: string | undefined): Representation['type'] | undefined {
  if (!accept) return 'application/json'
  let answer = errors.get(accept)
  if (answer === undefined) {
    const clause = parseAccept(accept).find(
      each => !each.parameters.get('as') && servedForm(each, true) !== undefined,
    )
    answer = (clause && servedForm(clause, true)!.type) ?? null
    if (errors.size < MOST_KNOWN) errors.set(accept, answer)
  }
  return answer ?? undefined
}

const errors = new Map<string, Representation['type'] | null>()

/**
 * Chooses the first clause of an Accept header that can be served, as upstream does. Custom resources have no form in
 * protobuf, and Tables are not sent in it.
 * @throws StatusError 406 when none can be
 */
export function negotiate(accept: string | undefined, hasProtobuf: boolean): Representation {
  if (!accept) return DEFAULT
  const answers = hasProtobuf ? known.withProtobuf : known.without
  let answer = answers.get(accept)
  if (answer === undefined) {
    answer = choose(accept, hasProtobuf) ?? null
    if (answers.size < MOST_KNOWN) answers.set(accept, answer)
  }
  if (!answer) throw notAcceptable(hasProtobuf ? [...SERVED, PROTOBUF] : SERVED)
  return answer
}

/**
 * Refuses, before anything is done, an Accept header that takes nothing but a Table: of what has no table, such as an access
 * review.
 * @throws StatusError 406
 */
export function refuseOnlyTable(accept: string | undefined): void {
  if (!accept?.includes('Table')) return
  const others = parseAccept(accept).filter(({ parameters }) => formOf(parameters) !== 'table')
  if (!others.some(clause => servedForm(clause, true))) throw notAcceptable([...SERVED, PROTOBUF])
}

/**
 * In which media type discovery is wanted, and whether all of it in one document (`aggregated`: where there is such a one).
 * @throws StatusError 406
 */
export function negotiateDiscovery(
  accept: string | undefined,
  aggregated = false,
): { type: Representation['type']; isAggregated: boolean } {
  for (const { type, parameters } of accept ? parseAccept(accept) : []) {
    const served = servedType(type, true)
    const as = parameters.get('as')
    if (!served) continue
    if (!as) return { type: served, isAggregated: false }
    const isKnown = parameters.get('g') === 'apidiscovery.k8s.io' && parameters.get('v') === 'v2'
    if (aggregated && isKnown && as === 'APIGroupDiscoveryList') return { type: served, isAggregated: true }
  }
  if (accept) throw notAcceptable([...SERVED, PROTOBUF])
  return { type: 'application/json', isAggregated: false }
}

interface Clause {
  type: string
  parameters: Map<string, string>
  quality: number
}

/** The clauses of an Accept header, best first. */
export function parseAccept(accept: string): Clause[] {
  return accept
    .split(',')
    .map(clause => {
      const [type = '', ...rest] = clause.split(';').map(part => part.trim())
      const parameters = new Map(rest.map(part => part.split('=', 2) as [string, string]))
      return { type: type.toLowerCase(), parameters, quality: Number(parameters.get('q') ?? 1) }
    })
    .sort((a, b) => b.quality - a.quality)
}

function choose(accept: string, hasProtobuf: boolean): Representation | undefined {
  for (const clause of parseAccept(accept)) {
    const representation = servedForm(clause, hasProtobuf)
    if (representation) return representation
  }
  return undefined
}

function servedForm({ type, parameters }: Clause, hasProtobuf: boolean): Representation | undefined {
  const served = servedType(type, hasProtobuf)
  const form = formOf(parameters)
  if (!served || !form || (served === PROTOBUF && form === 'table')) return undefined
  const stream = parameters.get('stream')
  if (stream && (stream !== 'watch' || served === 'application/yaml')) return undefined
  const meta = parameters.get('v') === 'v1beta1' ? 'meta.k8s.io/v1beta1' : 'meta.k8s.io/v1'
  return { type: served, form, meta, isList: parameters.get('as') === 'PartialObjectMetadataList' }
}

function servedType(type: string, hasProtobuf: boolean): Representation['type'] | undefined {
  if (type === 'application/yaml') return type
  if (type === PROTOBUF && hasProtobuf) return type
  return ['application/json', 'application/*', '*/*'].includes(type) ? 'application/json' : undefined
}

const META_VERSIONS: ReadonlySet<string | undefined> = new Set(['v1', 'v1beta1'])

function formOf(parameters: Map<string, string>): Form | undefined {
  const as = parameters.get('as')
  if (!as) return 'object'
  if (parameters.get('g') !== 'meta.k8s.io' || !META_VERSIONS.has(parameters.get('v'))) return undefined
  if (as === 'Table') return 'table'
  return as === 'PartialObjectMetadata' || as === 'PartialObjectMetadataList' ? 'metadata' : undefined
}
