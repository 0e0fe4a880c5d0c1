import { isDns1123Label, isDns1123Subdomain } from '../../../api/meta/validation.ts'
import type { AuthorizationAttributes, Decision, UserInfo } from '../../auth/types.ts'
import { Type } from '../language/types.ts'
import { EvaluationError, type Typed } from '../language/values.ts'
import { addAll, addType, type Register } from './types.ts'

const name = (kind: string): string => `kubernetes.authorization.${kind}`
/** The type of the variable `authorizer`. */
export const AUTHORIZER = new Type('struct', name('Authorizer'))
/** The type of the variable `authorizer.requestResource`. */
export const RESOURCE_CHECK = new Type('struct', name('ResourceCheck'))
const PATH_CHECK = new Type('struct', name('PathCheck'))
const GROUP_CHECK = new Type('struct', name('GroupCheck'))
const DECISION = new Type('struct', name('Decision'))

/** What is asked, without who asks. */
export type Check = Omit<AuthorizationAttributes, 'user'>

/** Decides what a user may do; it may take its time. */
export type Authorize = (attributes: AuthorizationAttributes) => Decision | Promise<Decision>

/** Thrown out of an evaluation that needs an answer first: run it again when the promise is settled. */
export class Pending extends Error {
  readonly answer: Promise<unknown>

  constructor(answer: Promise<unknown>) {
    super('an authorizer has not answered yet')
    this.answer = answer
  }
}

/** An authorizer's answer. */
class DecisionValue implements Typed {
  readonly type = DECISION
  readonly decision: Decision | undefined
  readonly error: string

  constructor(decision: Decision | undefined, error = '') {
    this.decision = decision
    this.error = error
  }
}

/** Answers that an evaluation got already. */
class Answers {
  readonly #authorize: Authorize
  readonly #known = new Map<string, DecisionValue>()

  constructor(authorize: Authorize) {
    this.#authorize = authorize
  }

  ask(attributes: AuthorizationAttributes): DecisionValue {
    const key = JSON.stringify(attributes)
    const known = this.#known.get(key)
    if (known) return known
    const failed = (error: unknown): DecisionValue => new DecisionValue(undefined, (error as Error).message)
    const keep = (value: DecisionValue): DecisionValue => {
      this.#known.set(key, value)
      return value
    }
    let decision: Decision | Promise<Decision>
    try {
      decision = this.#authorize(attributes)
    } catch (error) {
      return keep(failed(error))
    }
    if (!(decision instanceof Promise)) return keep(new DecisionValue(decision))
    throw new Pending(
      decision.then(
        given => keep(new DecisionValue(given)),
        error => keep(failed(error)),
      ),
    )
  }
}

/** The variable `authorizer`: what a user may do. */
export class AuthorizerValue implements Typed {
  readonly type = AUTHORIZER
  readonly user: UserInfo
  readonly #answers: Answers

  constructor(user: UserInfo, authorize: Authorize | Answers) {
    this.user = user
    this.#answers = authorize instanceof Answers ? authorize : new Answers(authorize)
  }

  as(user: UserInfo): AuthorizerValue {
    return new AuthorizerValue(user, this.#answers)
  }

  ask(check: Check): DecisionValue {
    return this.#answers.ask({ ...check, user: this.user })
  }

  /** The variable `authorizer.requestResource`: a check of what a request is for. */
  resource(check: ResourcePart): ResourceCheck {
    return new ResourceCheck(this, check)
  }
}

/** Which resource a check is of. */
export interface ResourcePart {
  apiGroup: string
  resource: string
  subresource?: string
  namespace?: string
  name?: string
  fieldSelector?: string
  labelSelector?: string
}

class GroupCheck implements Typed {
  readonly type = GROUP_CHECK
  readonly authorizer: AuthorizerValue
  readonly group: string

  constructor(authorizer: AuthorizerValue, group: string) {
    this.authorizer = authorizer
    this.group = group
  }
}

class PathCheck implements Typed {
  readonly type = PATH_CHECK
  readonly authorizer: AuthorizerValue
  readonly path: string

  constructor(authorizer: AuthorizerValue, path: string) {
    this.authorizer = authorizer
    this.path = path
  }

  check(verb: string): DecisionValue {
    return this.authorizer.ask({ verb, isResourceRequest: false, path: this.path })
  }
}

class ResourceCheck implements Typed {
  readonly type = RESOURCE_CHECK
  readonly #authorizer: AuthorizerValue
  readonly #part: ResourcePart

  constructor(authorizer: AuthorizerValue, part: ResourcePart) {
    this.#authorizer = authorizer
    this.#part = part
  }

  with(more: Partial<ResourcePart>): ResourceCheck {
    return new ResourceCheck(this.#authorizer, { ...this.#part, ...more })
  }

  check(verb: string): DecisionValue {
    return this.#authorizer.ask({ verb, isResourceRequest: true, apiVersion: '*', ...this.#part })
  }
}

function notEmpty(text: string, what: string): string {
  if (text.trim() === '') throw new EvaluationError(`${what} must not be empty`)
  return text
}

function serviceAccount(authorizer: AuthorizerValue, namespace: string, account: string): AuthorizerValue {
  if (isDns1123Subdomain(account).length > 0) throw new EvaluationError('Invalid service account name')
  if (isDns1123Label(namespace).length > 0) throw new EvaluationError('Invalid service account namespace')
  return authorizer.as({
    name: `system:serviceaccount:${namespace}:${account}`,
    groups: ['system:serviceaccounts', `system:serviceaccounts:${namespace}`],
    extra: {},
  })
}

/** A function that adds something to a check of a resource. */
const adds = (id: string, part: keyof ResourcePart) => ({
  [id]: [
    `${RESOURCE_CHECK.name}.(string): ${RESOURCE_CHECK.name}`,
    (check: ResourceCheck, text: string) => check.with({ [part]: text }),
  ] as const,
})

/** Kubernetes' functions of the variable `authorizer`. */
export const registerAuthorizer: Register = environment => {
  for (const type of [AUTHORIZER, PATH_CHECK, GROUP_CHECK, RESOURCE_CHECK, DECISION])
    addType(environment, type)
  addAll(environment, {
    path: {
      authorizer_path: [
        `${AUTHORIZER.name}.(string): ${PATH_CHECK.name}`,
        (authorizer: AuthorizerValue, path: string) => new PathCheck(authorizer, notEmpty(path, 'path')),
      ],
    },
    group: {
      authorizer_group: [
        `${AUTHORIZER.name}.(string): ${GROUP_CHECK.name}`,
        (authorizer: AuthorizerValue, group: string) => new GroupCheck(authorizer, group),
      ],
    },
    serviceAccount: {
      authorizer_serviceaccount: [`${AUTHORIZER.name}.(string, string): ${AUTHORIZER.name}`, serviceAccount],
    },
    resource: {
      groupcheck_resource: [
        `${GROUP_CHECK.name}.(string): ${RESOURCE_CHECK.name}`,
        ({ authorizer, group }: GroupCheck, resource: string) =>
          authorizer.resource({ apiGroup: group, resource: notEmpty(resource, 'resource') }),
      ],
    },
    subresource: adds('resourcecheck_subresource', 'subresource'),
    namespace: adds('resourcecheck_namespace', 'namespace'),
    name: adds('resourcecheck_name', 'name'),
    fieldSelector: adds('authorizer_fieldselector', 'fieldSelector'),
    labelSelector: adds('authorizer_labelselector', 'labelSelector'),
    check: {
      pathcheck_check: [
        `${PATH_CHECK.name}.(string): ${DECISION.name}`,
        (path: PathCheck, verb: string) => path.check(verb),
      ],
      resourcecheck_check: [
        `${RESOURCE_CHECK.name}.(string): ${DECISION.name}`,
        (resource: ResourceCheck, verb: string) => resource.check(verb),
      ],
    },
    errored: {
      decision_errored: [`${DECISION.name}.(): bool`, ({ error }: DecisionValue) => error !== ''],
    },
    error: { decision_error: [`${DECISION.name}.(): string`, ({ error }: DecisionValue) => error] },
    allowed: {
      decision_allowed: [
        `${DECISION.name}.(): bool`,
        ({ decision }: DecisionValue) => decision?.allowed === 'allow',
      ],
    },
    reason: {
      decision_reason: [
        `${DECISION.name}.(): string`,
        ({ decision }: DecisionValue) => decision?.reason ?? '',
      ],
    },
  })
}
