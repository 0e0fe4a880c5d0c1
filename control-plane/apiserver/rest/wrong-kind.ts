import { builtinKinds } from '../../../api/kinds/builtin.ts'
import { apiVersion, type KindDeclaration } from '../../../api/kinds/kind.ts'
import { badRequest, invalid, invalidValue, type StatusError } from '../../../api/meta/status.ts'

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

/** What an object says that it is. */
export interface GivenType {
  apiVersion: string
  kind: string
  name: string
}

/** What is said of a body of another kind than is expected, or of a kind that nobody knows. */
export function wrongKind(expected: KindDeclaration, given: GivenType): StatusError {
  const version = apiVersion(expected)
  const { apiVersion: givenVersion, kind, name } = given
  if (isOtherVersion(expected, given) || (expected.custom && givenVersion !== version)) {
    return badRequest(
      `the API version in the data (${givenVersion}) does not match the expected API version (${version})`,
    )
  }
  if (expected.custom) {
    const { group } = expected
    return invalid({ group, kind }, name, [invalidValue('kind', kind, `must be ${expected.kind}`)])
  }
  const short = JSON.stringify(givenVersion.split('/').at(-1))
  const why = noConversion(expected, given)
  return badRequest(`${kind} in version ${short} cannot be handled as a ${expected.kind}: ${why}`)
}

/** Whether an object is of the kind, in another of its versions. */
function isOtherVersion(expected: KindDeclaration, given: GivenType): boolean {
  const known = knownKind(given)
  return known?.kind === given.kind && given.kind === expected.kind && isSameGroup(known, expected)
}

const knownKind = ({ apiVersion: version, kind }: GivenType): KindDeclaration | undefined =>
  builtinKinds.find(one => apiVersion(one) === version && kind.startsWith(one.kind))

/** Why an object cannot be made one of a built-in kind. */
export function noConversion(
  expected: KindDeclaration,
  { apiVersion: given, kind, ...rest }: GivenType,
): string {
  const known = knownKind({ apiVersion: given, kind, ...rest })
  const isKnown =
    known?.kind === kind ||
    `${given} ${kind}` === 'v1 Status' ||
    `${known?.kind}List` === kind ||
    EVERYWHERE.has(kind)
  const short = given.split('/').at(-1)!
  return isKnown
    ? `converting (${short}.${kind}) to (${packageOf(expected)}.${expected.kind}): unknown conversion`
    : `no kind ${JSON.stringify(kind)} is registered for version ${JSON.stringify(given)} in scheme ${JSON.stringify(SCHEME)}`
}

/** Whether two kinds are stored as one. */
const isSameGroup = (a: KindDeclaration, b: KindDeclaration): boolean =>
  packageOf(a) === packageOf(b) || (a.kind === 'Event' && b.kind === 'Event')

/** The Go package of a group's internal types. */
const packageOf = ({ group }: KindDeclaration): string => group.split('.')[0] || 'core'
