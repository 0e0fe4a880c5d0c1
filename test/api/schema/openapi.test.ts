import { gunzipSync } from 'node:zlib'
import test from 'ava'
import protobuf from 'protobufjs/minimal.js'
import { builtinKinds } from '../../../api/kinds/builtin.ts'
import { OpenApiDocuments } from '../../../api/schema/openapi/documents.ts'
import { openApiV2 } from '../../../api/schema/openapi/v2.ts'
import { encodeOpenApiV2 } from '../../../api/schema/openapi/v2-protobuf.ts'
import { openApiV3, openApiV3Index } from '../../../api/schema/openapi/v3.ts'
import { loadSchemas } from '../../../api/schema/schemas.ts'
import {
  DEFAULT_VALUES,
  EMPTY_DEFAULTS,
  NO_DEFAULTS,
  ZERO_DEFAULTS,
} from '../../../api/schema/tables/defaults.ts'
import { ENUM_TEXTS } from '../../../api/schema/tables/enum-texts.ts'

const schemas = loadSchemas()
const input = { kinds: builtinKinds, schemas, version: 'v1.34.0' }

const document = (name: string): any => openApiV3(input, name, schemas.descriptions())

test('the index names a document of every group version, each with a hash', t => {
  const { paths } = openApiV3Index(input) as { paths: Record<string, { serverRelativeURL: string }> }
  t.true(Object.keys(paths).includes('api/v1'))
  t.regex(paths['apis/apps/v1']!.serverRelativeURL, /^\/openapi\/v3\/apis\/apps\/v1\?hash=[0-9A-F]{128}$/)
  const other = openApiV3Index({ ...input, version: 'v1.34.1' }) as typeof input & { paths: typeof paths }
  t.not(other.paths['api/v1']!.serverRelativeURL, paths['api/v1']!.serverRelativeURL)
})

test('v3: write operations have the parameters that kubectl looks for', t => {
  const path = document('apis/apps/v1').paths['/apis/apps/v1/namespaces/{namespace}/deployments/{name}']
  t.like(path.patch, {
    operationId: 'patchAppsV1NamespacedDeployment',
    'x-kubernetes-action': 'patch',
    'x-kubernetes-group-version-kind': { group: 'apps', version: 'v1', kind: 'Deployment' },
  })
  const names = path.patch.parameters.map(({ name }: { name: string }) => name)
  t.deepEqual(names, ['dryRun', 'fieldManager', 'fieldValidation', 'force'])
})

test('v3: schemas hold what apply needs to merge lists', t => {
  const { schemas: components } = document('api/v1').components
  const { containers } = components['io.k8s.api.core.v1.PodSpec'].properties
  t.like(containers, {
    type: 'array',
    'x-kubernetes-list-map-keys': ['name'],
    'x-kubernetes-list-type': 'map',
    'x-kubernetes-patch-merge-key': 'name',
    'x-kubernetes-patch-strategy': 'merge',
  })
  t.deepEqual(components['io.k8s.api.core.v1.Pod']['x-kubernetes-group-version-kind'], [
    { group: '', version: 'v1', kind: 'Pod' },
  ])
})

test('v3: a field that merges although its type is replaced whole says so', t => {
  const { schemas: components } = document('api/v1').components
  t.is(components['io.k8s.api.core.v1.ObjectReference']['x-kubernetes-map-type'], 'atomic')
  const { claimRef } = components['io.k8s.api.core.v1.PersistentVolumeSpec'].properties
  t.is(claimRef['x-kubernetes-map-type'], 'granular')
})

test('v3: enumerated types of lists stand at their items', t => {
  const { schemas: components } = document('apis/certificates.k8s.io/v1').components
  const { usages } = components['io.k8s.api.certificates.v1.CertificateSigningRequestSpec'].properties
  t.true(usages.items.enum.includes('client auth'))
})

test('v3: every reference leads to a schema', t => {
  for (const name of ['api/v1', 'apis/apps/v1', 'apis/policy/v1', 'apis/authorization.k8s.io/v1']) {
    const made = document(name)
    for (const [, target = ''] of JSON.stringify(made).matchAll(/"#\/components\/schemas\/([^"]+)"/g))
      t.truthy(made.components.schemas[target], `${name}: ${target}`)
  }
})

test('v2: every reference leads to a definition, and operation ids are unique', t => {
  const made = openApiV2(input, schemas.descriptions())
  for (const [, target = ''] of JSON.stringify(made).matchAll(/"#\/definitions\/([^"]+)"/g))
    t.truthy(made.definitions[target], target)
  const ids = [...JSON.stringify(made.paths).matchAll(/"operationId":"([^"]+)"/g)].map(([, id]) => id)
  t.is(new Set(ids).size, ids.length)
  t.true(ids.includes('readCoreV1NamespacedPodLog'))
  t.true(ids.includes('replaceCoreV1NamespaceFinalize'))
  t.true(ids.includes('listCoreV1PodForAllNamespaces'))
})

test('v2 in protobuf is a message whose fields can be walked', t => {
  const reader = protobuf.Reader.create(encodeOpenApiV2(openApiV2(input, schemas.descriptions())))
  const fields = new Set<number>()
  while (reader.pos < reader.len) {
    const tag = reader.uint32()
    fields.add(tag >>> 3)
    reader.skipType(tag & 7)
  }
  t.deepEqual(
    [...fields].sort((a, b) => a - b),
    [1, 2, 8, 9, 12, 13],
  )
})

test('documents are made once, and anew when the kinds change', async t => {
  let kinds = builtinKinds
  const documents = new OpenApiDocuments(() => ({ ...input, kinds }))
  const first = await documents.groupVersion('apis/apps/v1')
  t.is(await documents.groupVersion('apis/apps/v1'), first)
  t.is(await documents.groupVersion('apis/none/v1'), undefined)
  kinds = builtinKinds.filter(({ kind }) => kind !== 'DaemonSet')
  const second = await documents.groupVersion('apis/apps/v1')
  t.not(second?.etag, first?.etag)
  t.false(gunzipSync(second!.gzip).toString().includes('daemonsets'))
})

test('v3 tells defaults: zero values of what is always there, empty structs, and values of their own', t => {
  const { schemas: components } = document('api/v1').components
  const fields = (name: string): any => components[`io.k8s.api.core.v1.${name}`].properties
  t.is(fields('ContainerPort').containerPort.default, 0)
  t.is(fields('ContainerPort').protocol.default, 'TCP')
  t.is(fields('Container').name.default, '')
  t.false('default' in fields('Container').image)
  t.deepEqual(fields('Container').resources.default, {})
  t.false('default' in fields('Container').securityContext)
  t.is(fields('Container').args.items.default, '')
  t.deepEqual(fields('Pod').spec.default, {})
  t.deepEqual(fields('PodSpec').containers.items, {
    allOf: [{ $ref: '#/components/schemas/io.k8s.api.core.v1.Container' }],
    default: {},
  })
  t.deepEqual(fields('ResourceRequirements').limits.additionalProperties, {
    $ref: '#/components/schemas/io.k8s.apimachinery.pkg.api.resource.Quantity',
  })
})

test('v2 tells no defaults: its readers would fill them in', t => {
  const { definitions } = openApiV2(input, schemas.descriptions())
  for (const [name, { properties = {} }] of Object.entries(definitions))
    for (const [field, schema] of Object.entries(properties as object))
      t.false('default' in schema, `${name}.${field}`)
})

test('the text of an enumerated field ends with what values it may have and what they mean', t => {
  const { schemas: components } = document('api/v1').components
  const { imagePullPolicy } = components['io.k8s.api.core.v1.Container'].properties
  const [, values = ''] = imagePullPolicy.description.split('\n\nPossible enum values:\n')
  t.regex(values, /^ - `"Always"` means .+\n - `"IfNotPresent"` means .+\n - `"Never"` means .+$/)
  const { restartPolicy } = components['io.k8s.api.core.v1.PodSpec'].properties
  t.true(restartPolicy.description.endsWith('values:\n - `"Always"`\n - `"Never"`\n - `"OnFailure"`'))
  t.deepEqual(restartPolicy.enum, ['Always', 'Never', 'OnFailure'])
})

test('texts of values are of enumerated types, and of values that these have', t => {
  for (const [type, meanings] of Object.entries(ENUM_TEXTS))
    for (const value of Object.keys(meanings))
      t.true(schemas.enums[type]?.includes(value), `${type} ${value}`)
})

test('defaults are told of fields that there are', t => {
  const known = new Set(
    Object.entries(schemas.definitions).flatMap(([name, { fields }]) =>
      Object.keys(fields).map(field => `${name.split('.').slice(-3).join('.')}.${field}`),
    ),
  )
  const told = [...Object.keys(DEFAULT_VALUES), ...ZERO_DEFAULTS, ...NO_DEFAULTS, ...EMPTY_DEFAULTS]
  t.deepEqual(
    told.filter(field => !known.has(field)),
    [],
  )
})
