import { badRequest } from '../meta/status.ts'
import { DecodeError } from './decode.ts'
import { faultsInOrder, findDuplicates } from './duplicates.ts'
import type { SchemaSet } from './schemas.ts'

/** The `fieldValidation` query parameter. */
export type FieldValidation = 'Strict' | 'Warn' | 'Ignore'

/** The kind a body is read as. */
export interface BodyKind {
  kind: string
  version: string
  schema: string
}

/**
 * Reads an object of a kind from a parsed body, in place (see `SchemaSet.decode`). `text`, the body as it came, is looked
 * through for fields given twice; `duplicates` are those that were found already.
 * @returns warnings for the client, under `Warn`
 * @throws StatusError 400 for a wrong type, and under `Strict` for an unknown or duplicate field
 */
export function validateFields(
  schemas: SchemaSet,
  kind: BodyKind,
  object: object,
  mode: FieldValidation,
  text?: string,
  duplicates?: string,
): string[] {
  const twice = text === undefined || mode === 'Ignore' ? [] : findDuplicates(text, object)
  const unknown = decode(schemas, kind, object)
  const both = twice.length > 0 && unknown.length > 0
  // Custom resources are read without their schema first, and held against it afterwards.
  const inOrder = both && !schemas.custom.has(kind.schema)
  const faults = inOrder ? faultsInOrder(text!, unknown) : [...twice, ...unknown]
  if (duplicates) faults.unshift(duplicates)
  if (mode === 'Strict' && faults.length > 0)
    throw cannotBeHandled(kind, `strict decoding error: ${faults.join(', ')}`)
  return mode === 'Warn' ? faults : []
}

function decode(schemas: SchemaSet, kind: BodyKind, object: object): string[] {
  try {
    return schemas.decode(kind.schema, object)
  } catch (error) {
    if (error instanceof DecodeError) {
      throw Object.assign(cannotBeHandled(kind, error.message), { cause: error })
    }
    throw error
  }
}

const cannotBeHandled = (kind: BodyKind, why: string): Error => badRequest(unreadable(kind) + why)

/** What stands before the reason, in the message of a body that cannot be read. */
export const unreadable = ({ kind, version }: BodyKind): string =>
  `${kind} in version ${JSON.stringify(version)} cannot be handled as a ${kind}: `
