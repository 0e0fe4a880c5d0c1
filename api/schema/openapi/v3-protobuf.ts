import {
  anys,
  double,
  EXTENSIONS,
  encode,
  extensions,
  flag,
  integer,
  type Member,
  mapped,
  mappedFirst,
  message,
  named,
  type Shape,
  text,
  texts,
  within,
} from './protobuf-shape.ts'

/** `application/com.github.proto-openapi.spec.v3@v1.0+protobuf`: gnostic's `openapi.v3.Document`. */
export const encodeOpenApiV3 = (document: object): Uint8Array => encode(documentShape, document)

/** A message with one member for the thing itself (1) and one for a reference to it (2). */
const schemaOrReference =
  (field: number): Member =>
  (writer, value: object) =>
    within([field], '$ref' in value ? message(2, () => reference) : message(1, () => schema))(writer, value)

const schemasOrReferences =
  (field: number): Member =>
  (writer, values: object[]) => {
    for (const value of values) schemaOrReference(field)(writer, value)
  }

const reference: Shape = { $ref: text(1) }

/** A default has a form only where it is plain; that of structs, always empty, has none. */
const defaultValue =
  (field: number): Member =>
  (writer, value: unknown) => {
    const member = { number: double(1), boolean: flag(2), string: text(3) }[typeof value as string]
    if (member) within([field], member)(writer, value)
  }

const additionalProperties =
  (field: number): Member =>
  (writer, value: object | boolean) =>
    within([field], typeof value === 'boolean' ? flag(2) : schemaOrReference(1))(writer, value)

const schema: Shape = {
  nullable: flag(1),
  title: text(9),
  multipleOf: double(10),
  maximum: double(11),
  exclusiveMaximum: flag(12),
  minimum: double(13),
  exclusiveMinimum: flag(14),
  maxLength: integer(15),
  minLength: integer(16),
  pattern: text(17),
  maxItems: integer(18),
  minItems: integer(19),
  uniqueItems: flag(20),
  maxProperties: integer(21),
  minProperties: integer(22),
  required: texts(23),
  enum: anys(24),
  type: text(25),
  allOf: schemasOrReferences(26),
  oneOf: schemasOrReferences(27),
  anyOf: schemasOrReferences(28),
  not: message(29, () => schema),
  items: within([30], schemaOrReference(1)),
  properties: within([31], named(1, schemaOrReference(2))),
  additionalProperties: additionalProperties(32),
  default: defaultValue(33),
  description: text(34),
  format: text(35),
  [EXTENSIONS]: extensions(36),
}

const mediaTypes = (field: number): Member =>
  within(
    [field],
    named(
      1,
      message(2, () => ({ schema: schemaOrReference(1) })),
    ),
  )

const parameter: Shape = {
  name: text(1),
  in: text(2),
  description: text(3),
  required: flag(4),
  schema: schemaOrReference(10),
}

const parameters =
  (field: number): Member =>
  (writer, values: object[]) => {
    for (const value of values)
      within(
        [field],
        message(1, () => parameter),
      )(writer, value)
  }

const response: Shape = { description: text(1), content: mediaTypes(3) }
const requestBody: Shape = { content: mediaTypes(2), required: flag(3) }

const operation: Shape = {
  tags: texts(1),
  description: text(3),
  operationId: text(5),
  parameters: parameters(6),
  requestBody: within(
    [7],
    message(1, () => requestBody),
  ),
  responses: mappedFirst(8, 2, () => response),
  [EXTENSIONS]: extensions(13),
}

const operationMember = (field: number): Member => message(field, () => operation)

const pathItem: Shape = {
  get: operationMember(4),
  put: operationMember(5),
  post: operationMember(6),
  delete: operationMember(7),
  options: operationMember(8),
  head: operationMember(9),
  patch: operationMember(10),
  parameters: parameters(13),
}

const securityScheme: Shape = { type: text(1), description: text(2), name: text(3), in: text(4) }

const components: Shape = {
  schemas: within([1], named(1, schemaOrReference(2))),
  securitySchemes: mappedFirst(7, 1, () => securityScheme),
}

const documentShape: Shape = {
  openapi: text(1),
  info: message(2, () => ({ title: text(1), version: text(6) })),
  paths: mapped(4, 1, () => pathItem),
  components: message(5, () => components),
}
