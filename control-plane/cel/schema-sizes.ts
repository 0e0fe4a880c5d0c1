import type { JsonSchemaProps } from '../../api/kinds/apiextensions.ts'

/** The largest request, in bytes: what is not limited by its schema is limited by that. */
export const LARGEST_REQUEST = 3 * 1024 * 1024

/** What values take in JSON at least, quotes and brackets with them. */
export const SMALLEST_TEXT = 2
export const SMALLEST_CONTAINER = 2
export const SMALLEST_BOOL = 4
export const SMALLEST_DURATION = 3
export const SMALLEST_TIME = 21
export const DATE = 12
const LONGEST_TIME = 32
const LONGEST_DURATION = 32

/** A character may take so many bytes. */
const BYTES_PER_CHARACTER = 4

const atLeastZero = (value: number): number => Math.max(0, value)

/** How long a text of a schema may be, in bytes. */
export function longestText(schema: JsonSchemaProps): number {
  const { maxLength, format, enum: values } = schema
  if (schema['x-kubernetes-int-or-string'])
    return maxLength === undefined ? LARGEST_REQUEST - 2 : atLeastZero(maxLength) * BYTES_PER_CHARACTER
  switch (format) {
    case 'duration':
      return LONGEST_DURATION
    case 'date':
      return DATE
    case 'date-time':
      return LONGEST_TIME
    case 'byte':
      return maxLength === undefined ? LARGEST_REQUEST - 2 : atLeastZero(maxLength)
  }
  if (maxLength !== undefined) return atLeastZero(maxLength) * BYTES_PER_CHARACTER
  if (!values?.length) return LARGEST_REQUEST - 2
  return Math.max(0, ...values.map(value => (typeof value === 'string' ? Buffer.byteLength(value) : 0)))
}

/** How many items a list may have whose items take so much at least. */
export const mostItems = ({ maxItems }: JsonSchemaProps, itemSize: number): number =>
  maxItems === undefined ? Math.floor((LARGEST_REQUEST - 2) / (itemSize + 1)) : atLeastZero(maxItems)

/** How many members a map may have whose values take so much at least. */
export const mostProperties = ({ maxProperties }: JsonSchemaProps, valueSize: number): number =>
  maxProperties === undefined
    ? Math.floor((LARGEST_REQUEST - 2) / (valueSize + 6))
    : atLeastZero(maxProperties)

/** How often something of a size may be in a request. */
export const mostOften = (size: number): number => Math.floor(LARGEST_REQUEST / (size + 1))
