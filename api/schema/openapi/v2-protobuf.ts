import type { OpenApiV2, ParameterObject } from './document.ts'
import {
  anys,
  EXTENSIONS,
  encode,
  extensions,
  flag,
  mapped,
  mappedFirst,
  message,
  messages,
  named,
  type Shape,
  text,
  texts,
  within,
} from './protobuf-shape.ts'

/** `application/com.github.proto-openapi.spec.v2@v1.0+protobuf`: gnostic's `openapi.v2.Document`. */
export const encodeOpenApiV2 = (document: OpenApiV2): Uint8Array => encode(documentShape, document)

const schema: Shape = {
  $ref: text(1),
  format: text(2),
  description: text(4),
  required: texts(19),
  enum: anys(20),
  additionalProperties: within(
    [21],
    message(1, () => schema),
  ),
  type: within([22], texts(1)),
  items: within(
    [23],
    message(1, () => schema),
  ),
  allOf: messages(24, () => schema),
  properties: mapped(25, 1, () => schema),
  [EXTENSIONS]: extensions(31),
}

const bodyParameter: Shape = {
  description: text(1),
  name: text(2),
  in: text(3),
  required: flag(4),
  schema: message(5, () => schema),
}

const valueParameter = { required: flag(1), in: text(2), description: text(3), name: text(4) }
const queryParameter: Shape = { ...valueParameter, type: text(6), uniqueItems: flag(20) }
const pathParameter: Shape = { ...valueParameter, type: text(5), uniqueItems: flag(19) }

/** ParametersItem → Parameter → the message of where the parameter stands. */
const parameterMember = (parameter: ParameterObject) => {
  if (parameter.in === 'body')
    return within(
      [1],
      message(1, () => bodyParameter),
    )
  if (parameter.in === 'query')
    return within(
      [1, 2],
      message(3, () => queryParameter),
    )
  return within(
    [1, 2],
    message(4, () => pathParameter),
  )
}

const parameters =
  (field: number) =>
  (...[writer, values]: Parameters<ReturnType<typeof texts>>): void => {
    for (const value of values as ParameterObject[]) within([field], parameterMember(value))(writer, value)
  }

const response: Shape = {
  description: text(1),
  schema: within(
    [2],
    message(1, () => schema),
  ),
}

const operation: Shape = {
  tags: texts(1),
  description: text(3),
  operationId: text(5),
  produces: texts(6),
  consumes: texts(7),
  parameters: parameters(8),
  responses: mappedFirst(9, 1, () => response),
  schemes: texts(10),
  [EXTENSIONS]: extensions(13),
}

const operationMember = (field: number) => message(field, () => operation)

const pathItem: Shape = {
  get: operationMember(2),
  put: operationMember(3),
  post: operationMember(4),
  delete: operationMember(5),
  options: operationMember(6),
  head: operationMember(7),
  patch: operationMember(8),
  parameters: parameters(9),
}

const apiKey: Shape = { type: text(1), name: text(2), in: text(3), description: text(4) }

const documentShape: Shape = {
  swagger: text(1),
  info: message(2, () => ({ title: text(1), version: text(2) })),
  paths: mapped(8, 2, () => pathItem),
  definitions: mapped(9, 1, () => schema),
  security: (writer, requirements: object[]) => {
    for (const requirement of requirements) within([12], named(1, within([2], texts(1))))(writer, requirement)
  },
  securityDefinitions: within(
    [13],
    named(
      1,
      within(
        [2],
        message(2, () => apiKey),
      ),
    ),
  ),
}
