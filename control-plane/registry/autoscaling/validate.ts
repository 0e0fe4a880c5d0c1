import { compareQuantity } from '../../../api/meta/quantity.ts'
import {
  type FieldError,
  forbiddenField,
  invalidValue,
  notSupported,
  required as requiredError,
} from '../../../api/meta/status.ts'
import { collect, each, FINE, fields, oneOf, type Rule, required } from '../rules/check.ts'
import { labelSelector } from '../rules/labels.ts'
import { pathSegment } from '../rules/values.ts'

const MOST_PERIOD = 1_800
const MOST_WINDOW = 3_600
const TARGETS = ['Utilization', 'Value', 'AverageValue']
const POLICIES = ['Percent', 'Pods']
const CHOICES = ['Disabled', 'Max', 'Min']

const names = fields({ kind: required(pathSegment), name: required(pathSegment) })

/** Which versions of an object may be named by a reference. */
type Versions = 'any' | 'grouped' | 'well-formed'

/** What Go says of an apiVersion that is none, or of one of the core group where that cannot be meant. */
function versionFault(apiVersion: string, versions: Versions): string | undefined {
  if (versions === 'any') return undefined
  if (apiVersion.split('/').length > 2) return `unexpected GroupVersion string: ${apiVersion}`
  const isCore = !apiVersion.includes('/') || apiVersion.startsWith('/')
  return versions === 'grouped' && isCore ? 'apiVersion must specify API group' : undefined
}

const reference =
  (versions: Versions): Rule =>
  (given, path) => {
    const { apiVersion = '' } = given
    const fault = versionFault(apiVersion, versions)
    return collect(names(given, path), fault && [invalidValue(`${path}.apiVersion`, apiVersion, fault)])
  }

/** What is scaled: an update that does not say otherwise what that is may leave it as it was. */
function targetVersions(target: any = {}, old: any): Versions {
  if (old && old.apiVersion === target.apiVersion && old.kind === target.kind) return 'any'
  return target.kind === 'ReplicationController' ? 'well-formed' : 'grouped'
}

/** Objects of metrics can be of the core group; what was not sound before need not become so. */
const metricVersions = (old: any): Versions =>
  (old?.spec.metrics ?? []).some(({ type, object }: any) => {
    const { apiVersion = '' } = object?.describedObject ?? {}
    return type === 'Object' && object && versionFault(apiVersion, 'well-formed')
  })
    ? 'any'
    : 'well-formed'

const positive: Rule<string> = (value, path) =>
  compareQuantity(value, '0') > 0 ? FINE : [invalidValue(path, value, 'must be positive')]

const metric = fields({
  name: required(pathSegment, 'must specify a metric name'),
  selector: labelSelector,
})

const target: Rule = ({ type, value, averageValue, averageUtilization }, path) =>
  collect(
    !type && [requiredError(`${path}.type`, 'must specify a metric target type')],
    !TARGETS.includes(type) && [
      invalidValue(`${path}.type`, type ?? '', 'must be either Utilization, Value, or AverageValue'),
    ],
    value !== undefined && positive(value, `${path}.value`),
    averageValue !== undefined && positive(averageValue, `${path}.averageValue`),
    averageUtilization < 1 && [
      invalidValue(`${path}.averageUtilization`, averageUtilization, 'must be greater than 0'),
    ],
  )

type Target = { value?: string; averageValue?: string; averageUtilization?: number }

/** A source: rules of its parts, and which of the ways to say the target it takes. */
const source =
  (parts: Record<string, Rule>, ways: (target: Target, path: string) => readonly FieldError[]): Rule =>
  (given, path) =>
    collect(
      fields(parts)(given, path),
      target(given.target ?? {}, `${path}.target`),
      ways(given.target ?? {}, `${path}.target`),
    )

const valueOrAverage =
  (neither: string, both?: string) =>
  ({ value, averageValue }: Target, path: string): readonly FieldError[] => {
    if (value === undefined && averageValue === undefined) {
      return [requiredError(`${path}.averageValue`, neither)]
    }
    const isBoth = value !== undefined && averageValue !== undefined
    return both && isBoth ? [forbiddenField(`${path}.value`, both)] : FINE
  }

function rawOrShare({ averageValue, averageUtilization }: Target, path: string): readonly FieldError[] {
  if (averageValue === undefined && averageUtilization === undefined) {
    const detail = 'must set either a target raw value or a target utilization'
    return [requiredError(`${path}.averageUtilization`, detail)]
  }
  if (averageValue === undefined || averageUtilization === undefined) return FINE
  return [
    forbiddenField(`${path}.averageValue`, 'may not set both a target raw value and a target utilization'),
  ]
}

function positiveAverage({ averageValue }: Target, path: string): readonly FieldError[] {
  if (averageValue !== undefined && compareQuantity(averageValue, '0') > 0) return FINE
  return [requiredError(`${path}.averageValue`, 'must specify a positive target averageValue')]
}

const resourceName = required(undefined, 'must specify a resource name')
const perPod = 'may not set both a target value for metric and a per-pod target'

/** By type, the field that holds the source. */
const sources = (versions: Versions): Record<string, [field: string, rule: Rule]> => ({
  Object: [
    'object',
    source(
      { describedObject: required(reference(versions)), metric: required(metric) },
      valueOrAverage('must set either a target value or averageValue'),
    ),
  ],
  External: [
    'external',
    source(
      { metric: required(metric) },
      valueOrAverage('must set either a target value for metric or a per-pod target', perPod),
    ),
  ],
  Pods: ['pods', source({ metric: required(metric) }, positiveAverage)],
  Resource: ['resource', source({ name: resourceName }, rawOrShare)],
  ContainerResource: [
    'containerResource',
    source({ name: resourceName, container: required(undefined, 'must specify a container') }, rawOrShare),
  ],
})
const SOURCES = { any: sources('any'), 'well-formed': sources('well-formed'), grouped: sources('grouped') }
const TYPES = Object.keys(SOURCES.any).sort()

const metricSpec =
  (versions: Versions): Rule =>
  (spec, path) => {
    const { type } = spec
    const known = SOURCES[versions]
    const given = Object.values(known).filter(([field]) => spec[field])
    const [first] = given
    const expected = known[type]?.[0]
    return collect(
      !type && [requiredError(`${path}.type`, 'must specify a metric source type')],
      !known[type] && [notSupported(`${path}.type`, type ?? '', TYPES)],
      first?.[1](spec[first[0]], `${path}.${first[0]}`),
      expected &&
        !spec[expected] && [
          requiredError(`${path}.${expected}`, 'must populate information for the given metric source'),
        ],
      given.length > 1 &&
        given
          .filter(([field]) => field !== expected)
          .map(([field]) => forbiddenField(`${path}.${field}`, 'must populate the given metric source only')),
    )
  }

const scalingPolicy: Rule = ({ type, value = 0, periodSeconds = 0 }, path) =>
  collect(
    !POLICIES.includes(type) && [notSupported(`${path}.type`, type ?? '', POLICIES)],
    value <= 0 && [invalidValue(`${path}.value`, value, 'must be greater than zero')],
    periodSeconds <= 0 && [invalidValue(`${path}.periodSeconds`, periodSeconds, 'must be greater than zero')],
    periodSeconds > MOST_PERIOD && [
      invalidValue(`${path}.periodSeconds`, periodSeconds, `must be less than or equal to ${MOST_PERIOD}`),
    ],
  )

const direction: Rule = (rules, path) => {
  const { stabilizationWindowSeconds: window, policies = [] } = rules
  const at = `${path}.stabilizationWindowSeconds`
  return collect(
    window < 0 && [invalidValue(at, window, 'must be greater than or equal to zero')],
    window > MOST_WINDOW && [invalidValue(at, window, `must be less than or equal to ${MOST_WINDOW}`)],
    fields({ selectPolicy: oneOf(...CHOICES) })(rules, path),
    policies.length === 0 && [requiredError(`${path}.policies`, 'must specify at least one Policy')],
    each(scalingPolicy)(policies, `${path}.policies`),
  )
}

/** All that is wrong with a HorizontalPodAutoscaler. */
export function autoscalerFaults({ spec }: any, old: any): readonly FieldError[] {
  const { minReplicas, maxReplicas = 0, metrics = [], behavior } = spec
  const least = old?.spec.minReplicas === 0 ? 0 : 1
  const scalesToNone =
    minReplicas === 0 && !metrics.some(({ type }: any) => type === 'Object' || type === 'External')
  const most = 'spec.maxReplicas'
  return collect(
    minReplicas < least && [
      invalidValue('spec.minReplicas', minReplicas, `must be greater than or equal to ${least}`),
    ],
    maxReplicas < 1 && [invalidValue(most, maxReplicas, 'must be greater than 0')],
    maxReplicas < minReplicas && [
      invalidValue(most, maxReplicas, 'must be greater than or equal to `minReplicas`'),
    ],
    reference(targetVersions(spec.scaleTargetRef, old?.spec.scaleTargetRef))(
      spec.scaleTargetRef ?? {},
      'spec.scaleTargetRef',
    ),
    each(metricSpec(metricVersions(old)))(metrics, 'spec.metrics'),
    scalesToNone && [
      forbiddenField(
        'spec.metrics',
        'must specify at least one Object or External metric to support scaling to zero replicas',
      ),
    ],
    behavior && fields({ scaleUp: direction, scaleDown: direction })(behavior, 'spec.behavior'),
  )
}
