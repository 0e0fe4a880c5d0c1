import { notAcceptable } from '../../../api/meta/status.ts'

/** The shape of the answer: the objects themselves, a table of them, or their metadata alone. */
export type Form = 'object' | 'table' | 'metadata'

/** The version that tables and bare metadata are told in: the older one is the same by another name. */
export type MetaVersion = 'meta.k8s.io/v1' | 'meta.k8s.io/v1beta1'

export const PROTOBUF = 'application/vnd.kubernetes.protobuf'

/** What a client wants to be sent. */
export interface Representation {
  type: 'application/json' | 'application/yaml' | typeof PROTOBUF
  form: Form
  meta: MetaVersion
}

const DEFAULT: Representation = { type: 'application/json', form: 'object', meta: 'meta.k8s.io/v1' }
const SERVED = ['application/json', 'application/yaml']
/** What watches are sent in. */
export const STREAMED: readonly string[] = ['application/json', PROTOBUF].map(type => `${type};stream=watch`)
/** Accept headers that were seen: for kinds that have a form in protobuf, and for those that have none. */
const known = { withProtobuf: new Map<string, Representation | null>(), without: new Map() }
const MOST_KNOWN = 500

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
  return { type: served, form, meta }
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
