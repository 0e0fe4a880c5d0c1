import { notAcceptable } from '../../../api/meta/status.ts'

/** The shape of the answer: the objects themselves, a table of them, or their metadata alone. */
export type Form = 'object' | 'table' | 'metadata'

/** What a client wants to be sent. */
export interface Representation {
  type: 'application/json' | 'application/yaml'
  form: Form
}

const DEFAULT: Representation = { type: 'application/json', form: 'object' }
const SERVED = ['application/json', 'application/yaml']
const known = new Map<string, Representation | null>()
const MOST_KNOWN = 500

/**
 * Chooses the first clause of an Accept header that can be served, as upstream does.
 * @throws StatusError 406 when none can be
 */
export function negotiate(accept: string | undefined): Representation {
  if (!accept) return DEFAULT
  let answer = known.get(accept)
  if (answer === undefined) {
    answer = choose(accept) ?? null
    if (known.size < MOST_KNOWN) known.set(accept, answer)
  }
  if (!answer) throw notAcceptable(SERVED)
  return answer
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

function choose(accept: string): Representation | undefined {
  for (const { type, parameters } of parseAccept(accept)) {
    const served = servedType(type)
    const form = formOf(parameters)
    if (served && form) return { type: served, form }
  }
  return undefined
}

function servedType(type: string): Representation['type'] | undefined {
  if (type === 'application/yaml') return type
  return ['application/json', 'application/*', '*/*'].includes(type) ? 'application/json' : undefined
}

function formOf(parameters: Map<string, string>): Form | undefined {
  const as = parameters.get('as')
  if (!as) return 'object'
  if (parameters.get('g') !== 'meta.k8s.io' || parameters.get('v') !== 'v1') return undefined
  if (as === 'Table') return 'table'
  return as === 'PartialObjectMetadata' || as === 'PartialObjectMetadataList' ? 'metadata' : undefined
}
