import type { Registry } from 'prom-client'
import { resourceName } from '../../../api/kinds/kind.ts'
import type { AdmissionAttributes } from '../../../plugins/admission.ts'
import { VERSION } from '../../apiserver/discovery/version.ts'
import { CounterTable } from '../../apiserver/metrics/tables.ts'
import { LATEST } from './checks.ts'
import type { Level, Mode, Policy } from './policy.ts'

/** Metrics of PodSecurity under upstream's names. */
export class PodSecurityMetrics {
  readonly #evaluations: CounterTable
  readonly #exemptions: CounterTable
  readonly #errors: CounterTable

  constructor(registry: Registry) {
    const counter = (name: string, help: string) => new CounterTable(registry, `pod_security_${name}`, help)
    this.#evaluations = counter('evaluations_total', 'Objects that were held to a standard')
    this.#exemptions = counter('exemptions_total', 'Objects that were exempt')
    this.#errors = counter('errors_total', 'Objects that could not be held to their standard as it is meant')
  }

  /** An object was held to what its namespace has for a mode. */
  evaluated(mode: Mode, attributes: AdmissionAttributes, policy: Policy, isAllowed: boolean): void {
    const standard = policy[mode]
    const namespace = namespaceLabel(attributes.namespace)
    const decision = isAllowed ? 'allow' : 'deny'
    const { operation, kind, subresource } = attributes
    const id = `${decision} ${standard.name} ${mode} ${operation} ${kind.plural} ${subresource} ${namespace}`
    this.#evaluations.add(id, () => ({
      decision,
      policy_level: standard.level,
      policy_version: versionLabel(standard),
      mode,
      ...labelsOf(attributes),
      ocp_namespace: namespace,
    }))
  }

  exempted(attributes: AdmissionAttributes): void {
    const labels = labelsOf(attributes)
    this.#exemptions.add(Object.values(labels).join(' '), () => labels)
  }

  failed(attributes: AdmissionAttributes, isFatal: boolean): void {
    const labels = { fatal: String(isFatal), ...labelsOf(attributes) }
    this.#errors.add(Object.values(labels).join(' '), () => labels)
  }
}

function labelsOf({ operation, kind, subresource }: AdmissionAttributes) {
  const name = resourceName(kind)
  const resource = name === 'pods' ? 'pod' : name === 'namespaces' ? 'namespace' : 'controller'
  return { request_operation: operation.toLowerCase(), resource, subresource }
}

/** Only a cluster's own namespaces are told, as there may be any number of others. */
const namespaceLabel = (namespace = ''): string =>
  namespace === 'default' || /^(kube-|openshift-|openshift$)/.test(namespace) ? namespace : ''

function versionLabel({ level, minor }: Level): string {
  if (level === 'privileged' || minor === LATEST) return 'latest'
  return minor > Number(VERSION.minor) ? 'future' : `v1.${minor}`
}
