import type { ImmediateAuthorizer, UserInfo } from '../auth/types.ts'
import { NAMESPACE, REQUEST } from './admission-types.ts'
import {
  type Budget,
  CALL_LIMIT,
  CompileError,
  CostError,
  compile,
  type Environment,
  EvaluationError,
  InstantiationError,
  type Program,
} from './environment.ts'
import { AUTHORIZER, AuthorizerValue, RESOURCE_CHECK, type ResourcePart } from './functions/authorizer.ts'
import { fromJson } from './json-values.ts'
import { DYN, Type } from './language/types.ts'
import type { Value } from './language/values.ts'
import { SchemaTypes } from './schema-types.ts'
import { declareStruct, type StructType } from './structs.ts'
import { LazyFields } from './variables.ts'

const OUT_OF_BUDGET =
  'validation failed due to running out of cost budget, no further validation rules will be run'

/** All expressions of a policy together cost too much: the message is upstream's. */
export class OutOfBudget extends Error {
  readonly code = 'CEL_OUT_OF_BUDGET'

  constructor() {
    super(OUT_OF_BUDGET)
  }
}

/** What expressions are about, as JSON. */
export interface AdmissionInputs {
  object: unknown
  oldObject: unknown
  request: object
  namespaceObject: object | undefined
  params?: unknown
  authorizer: ImmediateAuthorizer
  user: UserInfo
  /** What `authorizer.requestResource` asks about. */
  place: ResourcePart
}

/** Which variables expressions may use besides `object`, `oldObject`, `request` and `namespaceObject`. */
export interface AdmissionScope {
  hasParams: boolean
  hasAuthorizer: boolean
}

/** An expression of a policy, or what keeps it from being one. */
export type AdmissionExpression = { expression: string } & ({ program: Program } | { fault: string })

/** What came of an expression; the messages of errors are upstream's. */
export type Outcome = { value: unknown; error?: undefined } | { error: string }

interface Base {
  types: SchemaTypes
  request: StructType
  namespace: StructType
}

let base: Base | undefined

function loadBase(): Base {
  base ??= declareBase(new SchemaTypes())
  return base
}

function declareBase(types: SchemaTypes): Base {
  const request = declareStruct('kubernetes.AdmissionRequest', REQUEST, types)
  const namespace = declareStruct('kubernetes.Namespace', NAMESPACE, types)
  return { types, request, namespace }
}

/** Types of the objects that expressions speak of, and the environment that knows them. */
export interface ObjectTypes {
  types: SchemaTypes
  object: Type
  params?: Type | undefined
}

interface DefinedVariable {
  name: string
  type: Type
  expression: AdmissionExpression
}

const VARIABLES = new Type('struct', 'kubernetes.variables')

/** Compiles the expressions of one webhook or policy. */
export class AdmissionCompiler {
  readonly #variables: DefinedVariable[] = []
  readonly #base: Base
  readonly #object: Type
  readonly #params: Type

  /** @param objects the types of `object`, `oldObject` and `params`; they may be anything where left out */
  constructor(objects?: ObjectTypes) {
    this.#base = objects ? declareBase(objects.types) : loadBase()
    this.#object = objects?.object ?? DYN
    this.#params = objects?.params ?? DYN
  }

  /** Adds a variable that later expressions find as `variables.NAME`. */
  define(name: string, expression: string, scope: AdmissionScope): AdmissionExpression {
    const compiled = this.compile(expression, scope)
    const type = 'program' in compiled ? compiled.program.resultType : DYN
    this.#variables.push({ name, type, expression: compiled })
    return compiled
  }

  /** @param types of which the expression's value must be one; any where left out */
  compile(expression: string, scope: AdmissionScope, types?: readonly string[]): AdmissionExpression {
    try {
      const program = compile(this.#environment(scope), expression)
      if (types && !types.includes(program.type)) {
        const wanted =
          types.length === 1 ? types[0] : `one of [${types.join(' ').replace('null', 'null_type')}]`
        return { expression, fault: `must evaluate to ${wanted}` }
      }
      return { expression, program }
    } catch (error) {
      if (error instanceof CompileError) return { expression, fault: `compilation failed: ${error.message}` }
      if (error instanceof InstantiationError)
        return { expression, fault: `program instantiation failed: ${error.message}` }
      throw error
    }
  }

  /** The variables for one request; what those of the policy cost is taken from the budget. */
  bind(inputs: AdmissionInputs, budget: Budget): Bindings {
    const bound = new Bindings(inputs)
    const makers = this.#variables.map(
      ({ name, expression }) => [name, () => evaluateVariable(name, expression, bound, budget)] as const,
    )
    bound.variables = new LazyFields(VARIABLES, new Map(makers))
    return bound
  }

  #environment({ hasParams, hasAuthorizer }: AdmissionScope): Environment {
    const { types, request, namespace } = this.#base
    const environment = types.environment.clone()
    environment.registerVariable('object', this.#object)
    environment.registerVariable('oldObject', this.#object)
    environment.registerVariable('request', request.type)
    environment.registerVariable('namespaceObject', namespace.type)
    if (hasParams) environment.registerVariable('params', this.#params)
    if (hasAuthorizer) {
      environment.registerVariable('authorizer', AUTHORIZER)
      environment.registerVariable('authorizer.requestResource', RESOURCE_CHECK)
    }
    if (this.#variables.length > 0) {
      const fields = new Map(this.#variables.map(({ name, type }) => [name, type]))
      environment.registerStruct({ type: VARIABLES, fields })
      environment.registerVariable('variables', VARIABLES)
    }
    return environment
  }
}

/** Values of the variables, made when an expression first asks for them. */
export class Bindings {
  variables: LazyFields | undefined
  readonly #inputs: AdmissionInputs
  readonly #known = new Map<string, Value>()

  constructor(inputs: AdmissionInputs) {
    this.#inputs = inputs
  }

  get object(): Value {
    return this.#once('object', () => fromJson(this.#inputs.object ?? null))
  }

  get oldObject(): Value {
    return this.#once('oldObject', () => fromJson(this.#inputs.oldObject ?? null))
  }

  get params(): Value {
    return this.#once('params', () => fromJson(this.#inputs.params ?? null))
  }

  get request(): Value {
    return this.#once('request', () => loadBase().request.convert(this.#inputs.request))
  }

  get namespaceObject(): Value {
    const { namespaceObject } = this.#inputs
    return this.#once('namespaceObject', () => loadBase().namespace.convert(namespaceObject) ?? null)
  }

  get authorizer(): Value {
    const { authorizer, user } = this.#inputs
    const ask = authorizer.authorize.bind(authorizer)
    return this.#once('authorizer', () => new AuthorizerValue(user, ask))
  }

  get 'authorizer.requestResource'(): Value {
    const { place } = this.#inputs
    return this.#once('requestResource', () => (this.authorizer as AuthorizerValue).resource(place))
  }

  #once(name: string, make: () => Value): Value {
    if (!this.#known.has(name)) this.#known.set(name, make())
    return this.#known.get(name)
  }
}

function evaluateVariable(
  name: string,
  expression: AdmissionExpression,
  bound: Bindings,
  budget: Budget,
): Value {
  const quoted = JSON.stringify(name)
  if ('fault' in expression) {
    throw new EvaluationError(`composited variable ${quoted} fails to compile: ${expression.fault}`)
  }
  try {
    return spend(expression.program, bound, budget)
  } catch (error) {
    if (!(error instanceof EvaluationError || error instanceof CostError)) throw error
    throw new EvaluationError(`composited variable ${quoted} fails to evaluate: ${error.message}`)
  }
}

/** Runs a program on a budget that others share. @throws EvaluationError, CostError, OutOfBudget */
function spend({ evaluate }: Program, bound: Bindings, budget: Budget): Value {
  const allowed = Math.min(CALL_LIMIT, budget.left)
  const own = { left: allowed }
  try {
    return evaluate(bound as unknown as Record<string, Value>, own)
  } catch (error) {
    if (error instanceof CostError && allowed < CALL_LIMIT) throw new OutOfBudget()
    throw error
  } finally {
    // Variables that the expression asked for have paid for themselves.
    budget.left -= allowed - own.left
  }
}

/**
 * Evaluates expressions one after the other.
 * @throws OutOfBudget
 */
export function evaluateAll(
  expressions: readonly AdmissionExpression[],
  bound: Bindings,
  budget: Budget,
): Outcome[] {
  return expressions.map(compiled => {
    const { expression } = compiled
    if ('fault' in compiled) return { error: `compilation error: ${compiled.fault}` }
    try {
      const value = spend(compiled.program, bound, budget)
      if (budget.left < 0) throw new OutOfBudget()
      return { value }
    } catch (error) {
      if (budget.left < 0) throw new OutOfBudget()
      if (!(error instanceof EvaluationError || error instanceof CostError)) throw error
      return { error: `expression '${expression}' resulted in error: ${error.message}` }
    }
  })
}
