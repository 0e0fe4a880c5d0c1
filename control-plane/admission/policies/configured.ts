import type { InformerFactory } from '../../../api/client/client.ts'
import type {
  MatchResources,
  ValidatingAdmissionPolicy,
  ValidatingAdmissionPolicyBinding,
} from '../../../api/kinds/admission-types.ts'
import {
  validatingAdmissionPolicies,
  validatingAdmissionPolicyBindings,
} from '../../../api/kinds/admissionregistration.ts'
import type { Logger } from '../../../plugins/plugin.ts'
import { type CompiledSelection, compileSelection } from '../matching/selection.ts'
import type { CompiledPolicy } from './compile.ts'

/** Which requests a policy or a binding is for. */
export interface Constraints {
  resources: MatchResources
  selection: CompiledSelection
}

export interface BoundPolicy {
  policy: ValidatingAdmissionPolicy
  constraints: Constraints
  bindings: readonly Binding[]
  /** Its expressions, compiled when the first request comes that the policy is for. */
  compiled?: Promise<CompiledPolicy>
}

export interface Binding {
  binding: ValidatingAdmissionPolicyBinding
  /** Undefined for all that the policy is for. */
  constraints: Constraints | undefined
}

/** Policies that are bound, made anew when policies or bindings change. */
export class ConfiguredPolicies {
  /** In the order of their names. */
  bound: readonly BoundPolicy[] = []
  #informers: InformerFactory
  #log: Logger
  #known = new Map<string, BoundPolicy>()
  #bindings = new Map<string, Binding>()

  constructor(informers: InformerFactory, log: Logger) {
    this.#informers = informers
    this.#log = log
  }

  /** Follows policies and bindings from now on; resolves when those there are have been read. */
  async start(): Promise<void> {
    const policies = this.#informers.informer(validatingAdmissionPolicies)
    const bindings = this.#informers.informer(validatingAdmissionPolicyBindings)
    const put = (policy: ValidatingAdmissionPolicy): void => this.#put(policy)
    const bind = (binding: ValidatingAdmissionPolicyBinding): void => this.#bind(binding)
    policies.addHandler({
      added: put,
      updated: put,
      deleted: ({ metadata }) => void (this.#known.delete(metadata.name) && this.#join()),
    })
    bindings.addHandler({
      added: bind,
      updated: bind,
      deleted: ({ metadata }) => void (this.#bindings.delete(metadata.name) && this.#join()),
    })
    await Promise.all([policies.synced(), bindings.synced()])
  }

  #put(policy: ValidatingAdmissionPolicy): void {
    const { name } = policy.metadata
    // A status that was written compiles nothing.
    const before = this.#known.get(name)
    if (before && isSameSpec(before.policy, policy)) return
    const constraints = this.#compile(name, policy.spec.matchConstraints ?? {})
    if (constraints) this.#known.set(name, { policy, constraints, bindings: [] })
    this.#join()
  }

  #bind(binding: ValidatingAdmissionPolicyBinding): void {
    const { name } = binding.metadata
    const { matchResources } = binding.spec
    const constraints = matchResources && this.#compile(name, matchResources)
    this.#bindings.set(name, { binding, constraints })
    this.#join()
  }

  #compile(name: string, resources: MatchResources): Constraints | undefined {
    try {
      return { resources, selection: compileSelection(resources) }
    } catch (error) {
      this.#log.error({ policy: name, error: (error as Error).message }, 'cannot use admission policy')
      return undefined
    }
  }

  #join(): void {
    const names = [...this.#known.keys()].sort()
    const bindings = [...this.#bindings.keys()].sort().map(name => this.#bindings.get(name)!)
    this.bound = names.flatMap(name => {
      const known = this.#known.get(name)!
      known.bindings = bindings.filter(({ binding }) => binding.spec.policyName === name)
      return known.bindings.length > 0 ? [known] : []
    })
  }
}

const isSameSpec = (
  { metadata: a }: ValidatingAdmissionPolicy,
  { metadata: b }: ValidatingAdmissionPolicy,
): boolean => a.uid === b.uid && a.generation === b.generation
