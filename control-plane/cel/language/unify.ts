import { DYN, isExactly, listOf, mapOf, Type } from './types.ts'

/** What type parameters stand for. */
export type Mapping = Map<string, Type>

const isDyn = ({ kind }: Type): boolean => kind === 'dyn'
export const isDynOrError = ({ kind }: Type): boolean => kind === 'dyn' || kind === 'error'

/** The mapping under which each of some types is assignable to its counterpart; undefined when there is none. */
export function assignAll(mapping: Mapping, from: readonly Type[], to: readonly Type[]): Mapping | undefined {
  const copy = new Map(mapping)
  return canAssignAll(copy, from, to) ? copy : undefined
}

/** Replaces type parameters by what they stand for, those that stand for nothing by dyn if asked to. */
export function substitute(mapping: Mapping, type: Type, isFinal: boolean): Type {
  if (type.kind === 'param') {
    const found = mapping.get(type.name)
    if (found) return substitute(mapping, found, isFinal)
    return isFinal ? DYN : type
  }
  if (type.parameters.length === 0) return type
  const parameters = type.parameters.map(one => substitute(mapping, one, isFinal))
  if (parameters.every((one, i) => one === type.parameters[i])) return type
  if (type.kind === 'list') return listOf(parameters[0]!)
  if (type.kind === 'map') return mapOf(parameters[0]!, parameters[1]!)
  return new Type(type.kind, type.name, parameters)
}

/** The more general of two types that agree. */
export const mostGeneral = (a: Type, b: Type): Type => (isEqualOrLessSpecific(a, b) ? a : b)

function isEqualOrLessSpecific(a: Type, b: Type): boolean {
  if (isDyn(a) || a.kind === 'param') return true
  if (isDyn(b) || b.kind === 'param' || a.kind !== b.kind) return false
  if (a.kind === 'type') return true
  if (a.kind === 'opaque' || a.kind === 'list' || a.kind === 'map')
    return (
      a.name === b.name &&
      a.parameters.length === b.parameters.length &&
      a.parameters.every((one, i) => isEqualOrLessSpecific(one, b.parameters[i]!))
    )
  return isExactly(a, b)
}

const canAssignAll = (mapping: Mapping, a: readonly Type[], b: readonly Type[]): boolean =>
  a.length === b.length && a.every((one, i) => canAssign(mapping, one, b[i]!))

const NULLABLE = new Set(['opaque', 'struct', 'duration', 'timestamp', 'null'])

function canAssign(mapping: Mapping, a: Type, b: Type): boolean {
  if (b.kind === 'param') {
    const { isValid, isKnown } = stand(mapping, a, b)
    if (isValid) return true
    if (isKnown) return false
  }
  if (a.kind === 'param') return stand(mapping, b, a).isValid
  if (isDynOrError(a) || isDynOrError(b)) return true
  if (a.kind === 'null') return NULLABLE.has(b.kind)
  if (b.kind === 'null') return NULLABLE.has(a.kind)
  if (a.kind === 'type') return b.kind === 'type'
  if (a.kind === 'opaque' || a.kind === 'list' || a.kind === 'map')
    return a.kind === b.kind && a.name === b.name && canAssignAll(mapping, a.parameters, b.parameters)
  return a.kind === b.kind && a.name === b.name
}

/** Whether a parameter can stand for a type, and whether it stands for one already. */
function stand(mapping: Mapping, type: Type, parameter: Type): { isValid: boolean; isKnown: boolean } {
  if (isExactly(type, parameter)) return { isValid: true, isKnown: true }
  const known = mapping.get(parameter.name)
  if (known) {
    if (isExactly(type, known)) return { isValid: true, isKnown: true }
    if (!canAssign(mapping, type, known)) return { isValid: false, isKnown: true }
    const general = mostGeneral(type, known)
    if (isFreeOf(mapping, parameter, general)) mapping.set(parameter.name, general)
    return { isValid: true, isKnown: true }
  }
  if (!isFreeOf(mapping, parameter, type)) return { isValid: false, isKnown: false }
  mapping.set(parameter.name, type)
  return { isValid: true, isKnown: false }
}

/** A parameter must not stand for something that it is in. */
function isFreeOf(mapping: Mapping, parameter: Type, within: Type): boolean {
  if (isExactly(parameter, within)) return false
  if (within.kind === 'param') {
    const known = mapping.get(within.name)
    return !known || isFreeOf(mapping, parameter, known)
  }
  return within.parameters.every(one => isFreeOf(mapping, parameter, one))
}
