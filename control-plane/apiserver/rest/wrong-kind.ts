import { builtinKinds } from '../../../api/kinds/builtin.ts'
import { apiVersion, type KindDeclaration } from '../../../api/kinds/kind.ts'
import { badRequest, type StatusError } from '../../../api/meta/status.ts'

/** Where upstream keeps its kinds, as it says. */
const SCHEME = 'k8s.io/kubernetes/pkg/api/legacyscheme/scheme.go:30'
/** Kinds that every version of every group has. */
const EVERYWHERE = new Set([
  'CreateOptions',
  'DeleteOptions',
  'GetOptions',
  'ListOptions',
  'PatchOptions',
  'UpdateOptions',
  'WatchEvent',
])

/** What is said of a body of another kind than is expected, or of a kind that nobody knows. */
export function wrongKind(expected: KindDeclaration, given: string, kind: string): StatusError {
  const version = apiVersion(expected)
  const known = builtinKinds.find(one => apiVersion(one) === given && kind.startsWith(one.kind))
  const isOfKind = known?.kind === kind && kind === expected.kind && isSameGroup(known, expected)
  if (isOfKind || (expected.custom && given !== version)) {
    return badRequest(
      `the API version in the data (${given}) does not match the expected API version (${version})`,
    )
  }
  const isKnown =
    known?.kind === kind ||
    `${given} ${kind}` === 'v1 Status' ||
    `${known?.kind}List` === kind ||
    EVERYWHERE.has(kind)
  const short = given.split('/').at(-1)!
  const why = isKnown
    ? `converting (${short}.${kind}) to (${packageOf(expected)}.${expected.kind}): unknown conversion`
    : `no kind ${JSON.stringify(kind)} is registered for version ${JSON.stringify(given)} in scheme ${JSON.stringify(SCHEME)}`
  return badRequest(
    `${kind} in version ${JSON.stringify(short)} cannot be handled as a ${expected.kind}: ${why}`,
  )
}

/** Whether two kinds are stored as one. */
const isSameGroup = (a: KindDeclaration, b: KindDeclaration): boolean =>
  packageOf(a) === packageOf(b) || (a.kind === 'Event' && b.kind === 'Event')

/** The Go package of a group's internal types. */
const packageOf = ({ group }: KindDeclaration): string => group.split('.')[0] || 'core'
