import { existsSync, readFileSync } from 'node:fs'
import test from 'ava'
import { builtinKinds } from '../../../api/kinds/builtin.ts'
import { isReference, splitType } from '../../../api/schema/definition.ts'
import { wireFields } from '../../../api/schema/field-numbers.ts'
import { loadSchemas } from '../../../api/schema/schemas.ts'
import { ENUMS } from '../../../api/schema/tables/enums.ts'
import { ATOMIC_FIELDS, LISTS, PATCHES } from '../../../api/schema/tables/patches.ts'
import { QUANTITIES } from '../../../api/schema/tables/quantities.ts'

const { definitions } = loadSchemas()
const short = (name: string): string => name.split('.').slice(-3).join('.')
const known = new Set(
  Object.entries(definitions).flatMap(([name, { fields }]) =>
    Object.keys(fields).map(field => `${short(name)}.${field}`),
  ),
)
/** Fields of kinds that are not served. */
const ABSENT = new Set(['core.v1.ComponentStatus.conditions'])

test('every field in the tables by hand exists in the models', t => {
  const fields = [
    ...Object.keys(PATCHES),
    ...Object.keys(LISTS),
    ...ATOMIC_FIELDS,
    ...Object.values(ENUMS).flatMap(({ fields }) => fields.split(' ')),
    ...Object.entries(QUANTITIES).flatMap(([name, list]) => list.split(' ').map(field => `${name}.${field}`)),
  ]
  t.deepEqual(
    fields.filter(field => !known.has(field) && !ABSENT.has(field)),
    [],
  )
})

test('merge keys are fields of the elements', t => {
  for (const [name, { fields, patches = {} }] of Object.entries(definitions))
    for (const [field, { key }] of Object.entries(patches)) {
      const { inner } = splitType(fields[field]!)
      if (key) t.true(key in definitions[inner]!.fields, `${name}.${field}`)
    }
})

test('every type referred to is defined', t => {
  for (const [name, { fields }] of Object.entries(definitions))
    for (const [field, type] of Object.entries(fields)) {
      const { inner } = splitType(type.replace(/^(\[\]|\{\})/, ''))
      if (isReference(inner)) t.truthy(definitions[inner], `${name}.${field}`)
    }
})

test('definitions have upstream’s names: the types of another package agree', t => {
  for (const name of Object.keys(definitions)) {
    const [group, version, type] = short(name).split('.')
    const file = `node_modules/kubernetes-types/${group}/${version}.d.ts`
    if (!existsSync(file)) continue
    const text = readFileSync(file, 'utf8')
    const elsewhere = !text.includes(`interface ${type} {`) && isKnownElsewhere(type!)
    t.false(elsewhere, name)
  }
})

function isKnownElsewhere(type: string): boolean {
  const files = [
    'core/v1',
    'apps/v1',
    'batch/v1',
    'meta/v1',
    'networking/v1',
    'policy/v1',
    'rbac/v1',
    'storage/v1',
  ]
  return files.some(file =>
    readFileSync(`node_modules/kubernetes-types/${file}.d.ts`, 'utf8').includes(`export interface ${type} {`),
  )
}

test('every kind has a schema that says which kind it is', t => {
  for (const { group, version, kind, schema } of builtinKinds) {
    const definition = definitions[schema]
    t.truthy(definition, schema)
    t.deepEqual(definition?.kinds, [{ group, version, kind }])
  }
})

test('the schemas are those of v1.34: what later releases added is not in them', t => {
  const later = [
    'core.v1.PodSpec.schedulingGroup',
    'core.v1.PodStatus.allocatedResources',
    'core.v1.NodeStatus.declaredFeatures',
    'meta.v1.ListMeta.shardInfo',
    'storage.v1.CSIDriverSpec.serviceAccountTokenInSecrets',
    'apiextensions.v1.CustomResourceDefinitionStatus.observedGeneration',
  ]
  t.deepEqual(
    later.filter(field => known.has(field)),
    [],
  )
  t.deepEqual(definitions['io.k8s.api.rbac.v1.RoleRef']?.required, ['apiGroup', 'kind', 'name'])
  t.false(definitions['io.k8s.api.batch.v1.CronJob']?.required?.includes('spec') ?? false)
})

test('numbers for protobuf are known of all fields of the schemas, and of no others', t => {
  for (const [name, { fields }] of Object.entries(definitions)) {
    const wire = wireFields(name)?.filter(field => field && !field.isEmbedded)
    if (!wire || wireFields(name)!.some(field => field?.isEmbedded)) continue
    const names = wire.map(field => field!.name).filter(field => field !== '')
    const own = Object.keys(fields).filter(field => field !== 'apiVersion' && field !== 'kind')
    t.deepEqual(
      names.filter(field => !(field in fields)),
      [],
      `${name}: numbers of what is no field`,
    )
    t.deepEqual(
      own.filter(field => !names.includes(field)),
      [],
      `${name}: fields without a number`,
    )
  }
})

test('fields of special types have a text of their own, not that of their type', t => {
  const texts = loadSchemas().descriptions()
  t.regex(texts['io.k8s.api.coordination.v1.LeaseSpec']!.renewTime!, /^renewTime is a time when/)
  t.regex(texts['io.k8s.api.core.v1.ServicePort']!.targetPort!, /^Number or name of the port/)
})

test('every field has a text, but those few that v1.34 says nothing of', t => {
  const texts = loadSchemas().descriptions()
  const silent = Object.entries(definitions).flatMap(([name, { fields }]) =>
    Object.keys(fields)
      .filter(field => !texts[name]?.[field])
      .map(field => `${short(name)}.${field}`),
  )
  const undocumented = /^apiextensions\.v1\.(JSONSchemaProps|ExternalDocumentation)\.|^pkg\.version\.Info\./
  t.deepEqual(
    silent.filter(field => !undocumented.test(field)),
    [
      'certificates.v1.CertificateSigningRequest.metadata',
      'certificates.v1.CertificateSigningRequestList.metadata',
      'networking.v1.IngressRule.http',
      'meta.v1.WatchEvent.type',
    ],
  )
  t.regex(texts['io.k8s.api.resource.v1.ResourceClaim']!.spec!, /^Spec describes what is being requested/)
  t.regex(texts['io.k8s.api.admissionregistration.v1.RuleWithOperations']!.resources!, /'\*\/scale'/)
})
