import type { NonResourcePolicyRule, ResourcePolicyRule } from '../../../api/kinds/flowcontrol.ts'
import type { UserInfo } from '../../auth/types.ts'
import type { RequestInfo } from '../pipeline/request-info.ts'
import { isEveryPath, isEveryResource, matchesPath, matchesResource, rulesFor } from './rules.ts'
import type { Schema } from './schema.ts'

/** A schema that may be a user's, with the rules that are about the user; none for one that all requests match. */
interface Candidate<R> {
  schema: Schema
  rules: readonly R[] | undefined
}

/** What there is for one user, in order of precedence, up to the first schema that all requests match. */
interface Candidates {
  groups: readonly string[]
  resources: readonly Candidate<ResourcePolicyRule>[]
  paths: readonly Candidate<NonResourcePolicyRule>[]
}

/** Users that are remembered; more are forgotten together. */
const MOST_USERS = 10_000

/** Finds the FlowSchema of a request: the first whose rules match. Which ones can be a user's is found out once. */
export class Classifier {
  readonly #schemas: readonly Schema[]
  /** Takes what no schema matches. */
  readonly #last: Schema
  readonly #users = new Map<string, Candidates>()

  /** `schemas` in order of precedence, `last` among them. */
  constructor(schemas: readonly Schema[], last: Schema) {
    this.#schemas = schemas
    this.#last = last
  }

  classify(info: RequestInfo, user: UserInfo): Schema {
    const { resources, paths } = this.#candidatesOf(user)
    if (info.isResourceRequest) {
      for (const { schema, rules } of resources) {
        if (rules === undefined || rules.some(rule => matchesResource(rule, info))) return schema
      }
    } else {
      for (const { schema, rules } of paths) {
        if (rules === undefined || rules.some(rule => matchesPath(rule, info))) return schema
      }
    }
    return this.#last
  }

  #candidatesOf(user: UserInfo): Candidates {
    const known = this.#users.get(user.name)
    if (known && isSameList(known.groups, user.groups)) return known
    if (this.#users.size >= MOST_USERS) this.#users.clear()
    const candidates = this.#find(user)
    this.#users.set(user.name, candidates)
    return candidates
  }

  #find(user: UserInfo): Candidates {
    const resources: Candidate<ResourcePolicyRule>[] = []
    const paths: Candidate<NonResourcePolicyRule>[] = []
    for (const schema of this.#schemas) {
      const own = rulesFor(schema.object.spec.rules ?? [], user)
      add(
        resources,
        schema,
        own.flatMap(rule => rule.resourceRules ?? []),
        isEveryResource,
      )
      add(
        paths,
        schema,
        own.flatMap(rule => rule.nonResourceRules ?? []),
        isEveryPath,
      )
    }
    return { groups: user.groups, resources, paths }
  }
}

function add<R>(
  candidates: Candidate<R>[],
  schema: Schema,
  rules: readonly R[],
  isEvery: (rule: R) => boolean,
): void {
  const last = candidates.at(-1)
  if (rules.length === 0 || (last && last.rules === undefined)) return
  candidates.push({ schema, rules: rules.some(isEvery) ? undefined : rules })
}

const isSameList = (a: readonly string[], b: readonly string[]): boolean =>
  a === b || (a.length === b.length && a.every((value, i) => value === b[i]))
