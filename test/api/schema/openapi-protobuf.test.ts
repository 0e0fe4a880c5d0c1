import test from 'ava'
import protobuf from 'protobufjs'
import { builtinKinds } from '../../../api/kinds/builtin.ts'
import { OpenApiDocuments, PROTOBUF_V3_TYPE } from '../../../api/schema/openapi/documents.ts'
import { openApiV3 } from '../../../api/schema/openapi/v3.ts'
import { encodeOpenApiV3 } from '../../../api/schema/openapi/v3-protobuf.ts'
import { loadSchemas } from '../../../api/schema/schemas.ts'

const schemas = loadSchemas()
const input = { kinds: builtinKinds, schemas, version: 'v1.34.0' }

/** What the test looks at of gnostic's messages. */
const { root } = protobuf.parse(`syntax = "proto3";
  message Any { string yaml = 2; }
  message NamedAny { string name = 1; Any value = 2; }
  message Reference { string ref = 1; }
  message SchemaOrReference { Schema schema = 1; Reference reference = 2; }
  message NamedSchema { string name = 1; SchemaOrReference value = 2; }
  message Schemas { repeated NamedSchema all = 1; }
  message Items { repeated SchemaOrReference all = 1; }
  message Additional { SchemaOrReference schema = 1; bool boolean = 2; }
  message Default { oneof kind { double number = 1; bool boolean = 2; string string = 3; } }
  message Schema {
    repeated string required = 23; repeated Any enum = 24; string type = 25;
    repeated SchemaOrReference allOf = 26; repeated SchemaOrReference oneOf = 27;
    Items items = 30; Schemas properties = 31; Additional additionalProperties = 32;
    Default default = 33; string description = 34; string format = 35; repeated NamedAny extensions = 36;
  }
  message Operation { repeated string tags = 1; string operationId = 5; repeated NamedAny extensions = 13; }
  message PathItem { Operation get = 4; Operation post = 6; Operation head = 9; Operation patch = 10; }
  message NamedPath { string name = 1; PathItem value = 2; }
  message Paths { repeated NamedPath all = 1; }
  message Info { string title = 1; string version = 6; }
  message Components { Schemas schemas = 1; }
  message Document { string openapi = 1; Info info = 2; Paths paths = 4; Components components = 5; }`)

interface Named {
  name: string
  value: any
}

const inList = (list: Named[], name: string): any => list.find(each => each.name === name)?.value

function decoded(name: string): any {
  const bytes = encodeOpenApiV3(openApiV3(input, name, schemas.descriptions())!)
  const type = root.lookupType('Document')
  return type.toObject(type.decode(bytes))
}

test('a v3 document in protobuf says what it says in JSON', t => {
  const json = openApiV3(input, 'api/v1', schemas.descriptions()) as any
  const { openapi, info, paths, components } = decoded('api/v1')
  t.is(openapi, '3.0.0')
  t.deepEqual(info, { title: 'Kubernetes', version: 'v1.34.0' })
  t.deepEqual(
    paths.all.map(({ name }: Named) => name),
    Object.keys(json.paths),
  )
  t.deepEqual(
    components.schemas.all.map(({ name }: Named) => name),
    Object.keys(json.components.schemas),
  )
  const { get } = inList(paths.all, '/api/v1/namespaces/{namespace}/pods/{name}')
  t.is(get.operationId, 'readCoreV1NamespacedPod')
  t.deepEqual(JSON.parse(inList(get.extensions, 'x-kubernetes-action').yaml), 'get')
})

test('schemas in protobuf have references, items, defaults and extensions', t => {
  const all = decoded('api/v1').components.schemas.all as Named[]
  const fields = (name: string): Named[] => inList(all, `io.k8s.api.core.v1.${name}`).schema.properties.all
  const { schema: containers } = inList(fields('PodSpec'), 'containers')
  t.is(containers.type, 'array')
  const ref = '#/components/schemas/io.k8s.api.core.v1.Container'
  t.deepEqual(containers.items.all[0].schema.allOf, [{ reference: { ref } }])
  t.deepEqual(JSON.parse(inList(containers.extensions, 'x-kubernetes-list-map-keys').yaml), ['name'])
  const { schema: protocol } = inList(fields('ContainerPort'), 'protocol')
  t.deepEqual(protocol.default, { string: 'TCP' })
  t.deepEqual(
    protocol.enum.map(({ yaml }: { yaml: string }) => JSON.parse(yaml)),
    ['SCTP', 'TCP', 'UDP'],
  )
  t.deepEqual(inList(fields('ContainerPort'), 'containerPort').schema.default, { number: 0 })
  const { schema: limits } = inList(fields('ResourceRequirements'), 'limits')
  t.true(limits.additionalProperties.schema.reference.ref.endsWith('resource.Quantity'))
})

test('documents in protobuf are made when they are asked for, under the media type that is no pattern', async t => {
  const documents = new OpenApiDocuments(() => input)
  const made = await documents.groupVersionProtobuf('apis/apps/v1')
  t.is(made?.contentType, PROTOBUF_V3_TYPE)
  t.is(await documents.groupVersionProtobuf('apis/apps/v1'), made)
  t.is(await documents.groupVersionProtobuf('apis/none/v1'), undefined)
})
