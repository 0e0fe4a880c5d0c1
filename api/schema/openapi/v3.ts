import { createHash } from 'node:crypto'
import { groupVersionPath, type KindDeclaration } from '../../kinds/kind.ts'
import type { Descriptions } from '../definition.ts'
import type { SchemaSet } from '../schemas.ts'
import { customSchemas } from './custom-schema.ts'
import { documentOf, generalOperations } from './general-operations.ts'
import type { OpenApiInput } from './input.ts'
import { isPretty, type Operation } from './operation.ts'
import { operationsOf } from './operations.ts'
import { PRETTY, pathParameters } from './parameters.ts'
import { definitionSchema, type JsonSchema, syntheticDefinitions, v3 } from './property-schema.ts'

/** `api/v1`, `apis/apps/v1`: the document's name in the index. */
const documentName = (kind: KindDeclaration): string => groupVersionPath(kind).slice(1)

/** The document at `/openapi/v3`: where each document is. The hash changes when the document does. */
export function openApiV3Index({ kinds, schemas, version, remote }: OpenApiInput): object {
  const names = [...new Set([...generalOperations(kinds).map(documentOf), ...kinds.map(documentName)])].sort()
  const paths = names.map(name => {
    const declared = kinds.filter(kind => documentName(kind) === name)
    const stamps = declared.map(kind => schemas.custom.get(kind.schema)?.stamp)
    const hash = createHash('sha512').update(JSON.stringify([schemas.stamp, version, declared, stamps]))
    const url = `/openapi/v3/${name}?hash=${hash.digest('hex').toUpperCase()}`
    return [name, { serverRelativeURL: url }]
  })
  return { paths: { ...Object.fromEntries(paths), ...remote?.places } }
}

/** The document of one group version (`apis/apps/v1`) or another part of the API (`version`), undefined when there is none. */
export function openApiV3(input: OpenApiInput, name: string, descriptions: Descriptions): object | undefined {
  const operations = [
    ...generalOperations(input.kinds).filter(operation => documentOf(operation) === name),
    ...input.kinds.filter(kind => documentName(kind) === name).flatMap(operationsOf),
  ]
  if (operations.length === 0) return undefined
  return {
    openapi: '3.0.0',
    info: { title: 'Kubernetes', version: input.version },
    paths: pathsOf(operations),
    components: {
      schemas: reachableSchemas(operations, input.schemas, descriptions),
      securitySchemes: {
        BearerToken: { type: 'apiKey', description: 'Bearer token', name: 'authorization', in: 'header' },
      },
    },
  }
}

function pathsOf(operations: readonly Operation[]): Record<string, JsonSchema> {
  const paths: Record<string, JsonSchema> = {}
  for (const operation of operations) {
    paths[operation.path] ??= { parameters: commonParameters(operation) }
    paths[operation.path]![operation.method] = operationObject(operation)
  }
  return paths
}

const query = ({ name, type, description }: { name: string; type: string; description: string }): object => ({
  name,
  in: 'query',
  description,
  schema: { type, uniqueItems: true },
})

const commonParameters = (operation: Operation): object[] => [
  ...pathParameters(operation.path).map(({ name, description }) => ({
    name,
    in: 'path',
    description,
    required: true,
    schema: { type: 'string', uniqueItems: true },
  })),
  ...(isPretty(operation) ? [query(PRETTY)] : []),
]

const REASONS: Record<number, string> = { 200: 'OK', 201: 'Created', 202: 'Accepted' }

const content = (types: readonly string[], schema: JsonSchema): object =>
  Object.fromEntries(types.map(type => [type, { schema }]))

const reference = (name: string): JsonSchema => ({ $ref: `#/components/schemas/${name}` })

function operationObject(operation: Operation): JsonSchema {
  const { method, body, returns } = operation
  const answer = content(operation.produces, returns ? reference(returns) : { type: 'string' })
  const responses = operation.codes.map(code => [code, { description: REASONS[code], content: answer }])
  return {
    tags: [operation.tag],
    description: operation.description,
    operationId: operation.id,
    ...(operation.parameters.length > 0 && { parameters: operation.parameters.map(query) }),
    ...(body && {
      requestBody: {
        content: content(operation.consumes, reference(body)),
        ...(method !== 'delete' && { required: true }),
      },
    }),
    responses: { ...Object.fromEntries(responses), 401: { description: 'Unauthorized' } },
    ...(operation.action && { 'x-kubernetes-action': operation.action }),
    ...(operation.kind && { 'x-kubernetes-group-version-kind': operation.kind }),
  }
}

/** The schemas that the operations speak of, and all that those refer to. */
function reachableSchemas(
  operations: readonly Operation[],
  schemas: SchemaSet,
  descriptions: Descriptions,
): Record<string, JsonSchema> {
  const synthetic = { ...syntheticDefinitions(v3), ...customSchemas(schemas, v3, descriptions) }
  const found: Record<string, JsonSchema> = {}
  const add = (name: string): void => {
    if (found[name]) return
    const known = schemas.definitions[name] && definitionSchema(name, v3, schemas, descriptions)
    const schema = known ??
      synthetic[name] ?? { type: 'object', 'x-kubernetes-preserve-unknown-fields': true }
    found[name] = schema
    for (const [, next = ''] of JSON.stringify(schema).matchAll(/"#\/components\/schemas\/([^"]+)"/g))
      add(next)
  }
  for (const { body, returns } of operations) for (const name of [body, returns]) if (name) add(name)
  return Object.fromEntries(Object.entries(found).sort(([a], [b]) => (a < b ? -1 : 1)))
}
