import { apiVersion, groupVersionPath, type KindDeclaration } from '../../kinds/kind.ts'
import { ANYTHING, capital, groupWord, MEDIA_TYPES, META, type Operation } from './operation.ts'

const JSON_ONLY = ['application/json']

/** What is asked of the server itself and of its groups: discovery, its version, how tokens are issued. */
export function generalOperations(kinds: readonly KindDeclaration[]): Operation[] {
  const own = kinds.filter(({ custom }) => !custom)
  const groups = [...new Set(own.map(({ group }) => group))].filter(Boolean)
  const versions = new Map(own.map(kind => [apiVersion(kind), kind]))
  return [...ROOTS, ...groups.map(groupOperation), ...[...versions.values()].map(versionOperation)]
}

type Wanted = Pick<Operation, 'path' | 'id' | 'tag' | 'description' | 'returns'>

const get = (wanted: Wanted, consumes: readonly string[], produces: readonly string[]): Operation => ({
  ...wanted,
  method: 'get',
  action: undefined,
  kind: undefined,
  parameters: [],
  body: undefined,
  consumes,
  produces,
  codes: [200],
})

const discovery = (wanted: Wanted): Operation => get(wanted, MEDIA_TYPES, MEDIA_TYPES)

const ROOTS: readonly Operation[] = [
  get(
    {
      path: '/.well-known/openid-configuration',
      id: 'getServiceAccountIssuerOpenIDConfiguration',
      tag: 'WellKnown',
      description: "get service account issuer OpenID configuration, also known as the 'OIDC discovery doc'",
      returns: undefined,
    },
    ANYTHING,
    JSON_ONLY,
  ),
  discovery({
    path: '/api/',
    id: 'getCoreAPIVersions',
    tag: 'core',
    description: 'get available API versions',
    returns: `${META}APIVersions`,
  }),
  discovery({
    path: '/apis/',
    id: 'getAPIVersions',
    tag: 'apis',
    description: 'get available API versions',
    returns: `${META}APIGroupList`,
  }),
  get(
    {
      path: '/openid/v1/jwks',
      id: 'getServiceAccountIssuerOpenIDKeyset',
      tag: 'openid',
      description:
        'get service account issuer OpenID JSON Web Key Set (contains public token verification keys)',
      returns: undefined,
    },
    ANYTHING,
    ['application/jwk-set+json'],
  ),
  get(
    {
      path: '/version/',
      id: 'getCodeVersion',
      tag: 'version',
      description: 'get the version information for this server',
      returns: 'io.k8s.apimachinery.pkg.version.Info',
    },
    JSON_ONLY,
    JSON_ONLY,
  ),
]

const groupOperation = (group: string): Operation =>
  discovery({
    path: `/apis/${group}/`,
    id: `get${capital(groupWord(group))}APIGroup`,
    tag: groupWord(group),
    description: 'get information of a group',
    returns: `${META}APIGroup`,
  })

const versionOperation = (kind: KindDeclaration): Operation =>
  discovery({
    path: `${groupVersionPath(kind)}/`,
    id: `get${capital(groupWord(kind.group))}${capital(kind.version)}APIResources`,
    tag: `${groupWord(kind.group)}_${kind.version}`,
    description: 'get available resources',
    returns: `${META}APIResourceList`,
  })

/** The v3 document that tells of an operation's path: `version`, `apis/apps`. */
export const documentOf = ({ path }: Operation): string => path.replace(/^\/|\/$/g, '')
