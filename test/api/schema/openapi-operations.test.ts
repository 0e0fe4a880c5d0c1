import test from 'ava'
import { builtinKinds } from '../../../api/kinds/builtin.ts'
import { openApiV2 } from '../../../api/schema/openapi/v2.ts'
import { openApiV3, openApiV3Index } from '../../../api/schema/openapi/v3.ts'
import { loadSchemas } from '../../../api/schema/schemas.ts'

const schemas = loadSchemas()
const input = { kinds: builtinKinds, schemas, version: 'v1.34.0' }
const descriptions = schemas.descriptions()

const document = (name: string): any => openApiV3(input, name, descriptions)
const { paths } = openApiV2(input, descriptions) as any

test('discovery is told of: the roots, groups and versions', t => {
  const said = ['/api/', '/api/v1/', '/apis/', '/apis/apps/', '/apis/rbac.authorization.k8s.io/v1/'].map(
    path => {
      const { operationId, tags, responses } = paths[path].get
      return [operationId, tags[0], responses[200].schema.$ref.split('.').pop()]
    },
  )
  t.deepEqual(said, [
    ['getCoreAPIVersions', 'core', 'APIVersions'],
    ['getCoreV1APIResources', 'core_v1', 'APIResourceList'],
    ['getAPIVersions', 'apis', 'APIGroupList'],
    ['getAppsAPIGroup', 'apps', 'APIGroup'],
    ['getRbacAuthorizationV1APIResources', 'rbacAuthorization_v1', 'APIResourceList'],
  ])
  t.false('x-kubernetes-action' in paths['/api/'].get)
})

test('the version and how tokens are issued are told of in documents of their own', t => {
  const index = openApiV3Index(input) as { paths: Record<string, unknown> }
  for (const name of [
    'api',
    'apis',
    'apis/apps',
    'version',
    '.well-known/openid-configuration',
    'openid/v1/jwks',
  ])
    t.truthy(index.paths[name], name)
  const { get } = document('version').paths['/version/']
  t.is(get.operationId, 'getCodeVersion')
  t.deepEqual(Object.keys(get.responses[200].content), ['application/json'])
  const { gitVersion } =
    document('version').components.schemas['io.k8s.apimachinery.pkg.version.Info'].properties
  t.deepEqual(gitVersion, { type: 'string', default: '' })
  t.deepEqual(document('openid/v1/jwks').paths['/openid/v1/jwks'].get.responses[200].content, {
    'application/jwk-set+json': { schema: { type: 'string' } },
  })
  t.deepEqual(Object.keys(document('apis/apps').paths), ['/apis/apps/'])
  t.truthy(document('apis/apps/v1').paths['/apis/apps/v1/'])
})

test('a proxy takes every method, with a path of its own and without', t => {
  const pod = '/api/v1/namespaces/{namespace}/pods/{name}/proxy'
  const methods = ['delete', 'get', 'head', 'options', 'patch', 'post', 'put']
  for (const path of [pod, `${pod}/{path}`, '/api/v1/nodes/{name}/proxy/{path}'])
    t.deepEqual(
      Object.keys(paths[path])
        .filter(key => key !== 'parameters')
        .sort(),
      methods,
    )
  const { parameters, head } = paths[`${pod}/{path}`]
  t.deepEqual(
    parameters.map(({ name }: { name: string }) => name),
    ['namespace', 'name', 'path'],
  )
  t.like(head, {
    operationId: 'connectCoreV1HeadNamespacedPodProxyWithPath',
    description: 'connect HEAD requests to proxy of Pod',
    tags: ['core_v1'],
    consumes: ['*/*'],
    'x-kubernetes-action': 'connect',
    'x-kubernetes-group-version-kind': { group: '', version: 'v1', kind: 'PodProxyOptions' },
  })
})

test('connections and logs say what may be asked for', t => {
  const names = ({ parameters }: { parameters: { name: string }[] }): string[] =>
    parameters.map(({ name }) => name).sort()
  const pod = '/api/v1/namespaces/{namespace}/pods/{name}'
  t.is(paths[`${pod}/exec`].post.operationId, 'connectCoreV1PostNamespacedPodExec')
  t.deepEqual(names(paths[`${pod}/exec`].get), ['command', 'container', 'stderr', 'stdin', 'stdout', 'tty'])
  t.true(names(paths[`${pod}/log`].get).includes('tailLines'))
})

test('watches by paths of their own are told of, as deprecated', t => {
  const path = '/api/v1/watch/namespaces/{namespace}/pods'
  t.like(paths[path].get, { operationId: 'watchCoreV1NamespacedPodList', 'x-kubernetes-action': 'watchlist' })
  t.like(paths[`${path}/{name}`].get, {
    operationId: 'watchCoreV1NamespacedPod',
    'x-kubernetes-action': 'watch',
  })
  t.is(paths['/api/v1/watch/pods'].get.operationId, 'watchCoreV1PodListForAllNamespaces')
  t.true(paths[path].get.produces.includes('application/json;stream=watch'))
  t.regex(paths[path].get.description, /deprecated: use the 'watch' parameter/)
})
