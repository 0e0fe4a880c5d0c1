import {
  CompileError,
  compile,
  createEnvironment,
  type Environment,
  InstantiationError,
} from './environment.ts'
import { QUANTITY } from './functions/quantity.ts'
import { estimate } from './language/estimate.ts'
import { DYN, mapOf, STRING, Type } from './language/types.ts'

/** An expression that chooses devices: what is wrong with it, or what it costs at most in cel-go's units. */
export type DeviceSelector = { fault: string } | { cost: number }

const DEVICE = new Type('struct', 'kubernetes.DRADevice')
const MOST_TRAITS = 32
const LONGEST_DRIVER = 63
const LONGEST_DOMAIN = 63
const LONGEST_ID = 32
const LONGEST_VALUE = 64

/** How large a part of a device may be, and of what it is made. */
interface Part {
  size: number
  key?: Part
  element?: Part
  fields?: Record<string, Part>
  /** What any field of it is. */
  any?: Part
}

const domains = (element: Part): Part => ({ size: MOST_TRAITS, key: { size: LONGEST_DOMAIN }, element })
const traits = (element: Part, any?: Part): Part => ({
  size: MOST_TRAITS,
  key: { size: LONGEST_ID },
  element,
  ...(any && { any }),
})
const ATTRIBUTE: Part = { size: LONGEST_VALUE }
const SIZES: Part = {
  size: 0,
  fields: {
    driver: { size: LONGEST_DRIVER },
    attributes: domains(traits(ATTRIBUTE, ATTRIBUTE)),
    capacity: domains(traits({ size: 0 })),
  },
}

function partAt(path: readonly string[]): Part | undefined {
  let at: Part | undefined = SIZES
  for (const name of path) {
    if (name === '@items' || name === '@values') at = at.element
    else if (name === '@keys') at = at.key
    else at = at.fields?.[name] ?? at.any
    if (!at) return undefined
  }
  return at
}

let environment: Environment | undefined

function declare(): Environment {
  const made = createEnvironment()
  const fields = new Map([
    ['driver', STRING],
    ['attributes', mapOf(STRING, mapOf(STRING, DYN))],
    ['capacity', mapOf(STRING, mapOf(STRING, QUANTITY))],
  ])
  made.registerStruct({ type: DEVICE, fields })
  made.registerVariable('device', DEVICE)
  return made
}

/** Looks at an expression of a resource.k8s.io CELDeviceSelector. Messages are upstream's. */
export function deviceSelector(expression: string): DeviceSelector {
  environment ??= declare()
  try {
    const { resultType, checked } = compile(environment, expression, { hasBind: true })
    if (resultType.kind !== 'bool' && resultType.kind !== 'dyn') {
      return { fault: `must evaluate to bool or the unknown type, not ${resultType}` }
    }
    const cost = estimate(checked, ([, ...path]) => {
      const part = partAt(path)
      return part && { min: 0, max: part.size }
    }).max
    return { cost }
  } catch (error) {
    if (error instanceof CompileError) return { fault: `compilation failed: ${error.message}` }
    if (error instanceof InstantiationError) {
      return { fault: `program instantiation failed: ${error.message}` }
    }
    throw error
  }
}
