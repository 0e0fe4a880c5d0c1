import type { JsonSchema } from './property-schema.ts'

/** An OpenAPI v2 (Swagger) document, as far as this server's has it. */
export interface OpenApiV2 {
  swagger: '2.0'
  info: { title: string; version: string }
  paths: Record<string, PathItem>
  definitions: Record<string, JsonSchema>
  securityDefinitions: Record<string, Record<string, string>>
  security: Record<string, string[]>[]
}

export type PathItem = Record<string, OperationObject | ParameterObject[]> & { parameters: ParameterObject[] }

export interface ParameterObject {
  name: string
  in: 'body' | 'query' | 'path'
  description?: string
  required?: boolean
  type?: string
  uniqueItems?: boolean
  schema?: JsonSchema
}

export interface OperationObject {
  description: string
  consumes: string[]
  produces: string[]
  schemes: string[]
  tags: string[]
  operationId: string
  parameters?: ParameterObject[]
  responses: Record<string, { description: string; schema?: JsonSchema }>
  'x-kubernetes-action'?: string
  'x-kubernetes-group-version-kind'?: object
}
