import type { Descriptions } from '../definition.ts'
import { customSchemas } from './custom-schema.ts'
import type { OpenApiV2, OperationObject, ParameterObject, PathItem } from './document.ts'
import { generalOperations } from './general-operations.ts'
import type { OpenApiInput } from './input.ts'
import { isPretty, type Operation } from './operation.ts'
import { operationsOf } from './operations.ts'
import { PRETTY, pathParameters } from './parameters.ts'
import { definitionSchema, syntheticDefinitions, v2 } from './property-schema.ts'

/** The document at `/openapi/v2`: all kinds at once. */
export function openApiV2({ kinds, schemas, version }: OpenApiInput, descriptions: Descriptions): OpenApiV2 {
  const definitions = Object.keys(schemas.definitions).map(
    name => [name, definitionSchema(name, v2, schemas, descriptions)] as const,
  )
  return {
    swagger: '2.0',
    info: { title: 'Kubernetes', version },
    paths: pathsOf([...generalOperations(kinds), ...kinds.flatMap(operationsOf)]),
    definitions: {
      ...Object.fromEntries(definitions),
      ...syntheticDefinitions(v2),
      ...customSchemas(schemas, v2, descriptions),
    },
    securityDefinitions: {
      BearerToken: { description: 'Bearer token', type: 'apiKey', name: 'authorization', in: 'header' },
    },
    security: [{ BearerToken: [] }],
  }
}

function pathsOf(operations: readonly Operation[]): Record<string, PathItem> {
  const paths: Record<string, PathItem> = {}
  for (const operation of operations) {
    const item = paths[operation.path] ?? ({ parameters: commonParameters(operation) } as PathItem)
    item[operation.method] = operationObject(operation)
    paths[operation.path] = item
  }
  return paths
}

const query = ({
  name,
  type,
  description,
}: {
  name: string
  type: string
  description: string
}): ParameterObject => ({
  name,
  in: 'query',
  description,
  type,
  uniqueItems: true,
})

const commonParameters = (operation: Operation): ParameterObject[] => [
  ...pathParameters(operation.path).map(
    ({ name, description }): ParameterObject => ({
      name,
      in: 'path',
      description,
      required: true,
      type: 'string',
      uniqueItems: true,
    }),
  ),
  ...(isPretty(operation) ? [query(PRETTY)] : []),
]

const REASONS: Record<number, string> = { 200: 'OK', 201: 'Created', 202: 'Accepted' }

function operationObject(operation: Operation): OperationObject {
  const { method, body, returns } = operation
  const schema = returns ? v2.reference(returns) : { type: 'string' }
  const parameters = [
    ...(body ? [bodyParameter(body, method !== 'delete')] : []),
    ...operation.parameters.map(query),
  ]
  return {
    description: operation.description,
    consumes: [...operation.consumes],
    produces: [...operation.produces],
    schemes: ['https'],
    tags: [operation.tag],
    operationId: operation.id,
    ...(parameters.length > 0 && { parameters }),
    responses: {
      ...Object.fromEntries(operation.codes.map(code => [code, { description: REASONS[code]!, schema }])),
      401: { description: 'Unauthorized' },
    },
    ...(operation.action && { 'x-kubernetes-action': operation.action }),
    ...(operation.kind && { 'x-kubernetes-group-version-kind': operation.kind }),
  }
}

const bodyParameter = (name: string, required: boolean): ParameterObject => ({
  name: 'body',
  in: 'body',
  required,
  schema: v2.reference(name),
})
