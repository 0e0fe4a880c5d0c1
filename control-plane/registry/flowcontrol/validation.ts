import { isDeepStrictEqual } from 'node:util'
import type {
  FlowSchema,
  PolicyRulesWithSubjects,
  PriorityLevelConfiguration,
  PriorityLevelSpec,
  QueuingConfiguration,
  ResourcePolicyRule,
} from '../../../api/kinds/flowcontrol.ts'
import {
  type FieldError,
  forbiddenField,
  invalidValue,
  notSupported,
  required as requiredError,
} from '../../../api/meta/status.ts'
import { collect, each, FINE, fields, isEmpty, must, type Rule, required, unique } from '../rules/check.ts'
import { label, subdomain } from '../rules/values.ts'
import { EXEMPT, MANDATORY_LEVELS, MANDATORY_SCHEMAS } from './defaults.ts'

type Faults = readonly FieldError[]

const MOST_PRECEDENCE = 10_000
const MOST_QUEUES = 10_000_000
/** Bits of a flow's hash that dealing a hand of queues may use up. */
const MOST_ENTROPY = 60
const METHODS = ['ByNamespace', 'ByUser']
const VERBS = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'proxy', 'update', 'watch']
const SUBJECT_KINDS = ['Group', 'ServiceAccount', 'User']

/** All that is wrong with a FlowSchema. */
export const flowSchemaFaults = (schema: FlowSchema): Faults =>
  collect(
    schemaSpec(schema.metadata.name, schema.spec ?? {}),
    fixedSpec(MANDATORY_SCHEMAS, schema),
    conditions(schema.status ?? {}, 'status'),
  )

function schemaSpec(name: string, spec: Partial<FlowSchema['spec']>): Faults {
  const { matchingPrecedence = 0, distinguisherMethod: method, rules = [] } = spec
  const at = 'spec.matchingPrecedence'
  const precedence = (holds: boolean, detail: string) =>
    !holds && [invalidValue(at, matchingPrecedence, detail)]
  return collect(
    precedence(matchingPrecedence > 0, 'must be a positive value'),
    precedence(matchingPrecedence <= MOST_PRECEDENCE, `must not be greater than ${MOST_PRECEDENCE}`),
    precedence(
      matchingPrecedence !== 1 || name === EXEMPT,
      "only the schema named 'exempt' may have matchingPrecedence 1",
    ),
    method &&
      !METHODS.includes(method.type) && [notSupported('spec.distinguisherMethod.type', method.type, METHODS)],
    required(subdomain, 'must reference a priority level')(
      spec.priorityLevelConfiguration?.name as string,
      'spec.priorityLevelConfiguration.name',
    ),
    each(policyRules)(rules, 'spec.rules'),
  )
}

const policyRules: Rule<PolicyRulesWithSubjects> = (rule, path) =>
  collect(
    required(each(subject), 'subjects must contain at least one value')(rule.subjects, `${path}.subjects`),
    isEmpty(rule.resourceRules) &&
      isEmpty(rule.nonResourceRules) && [
        requiredError(path, 'at least one of resourceRules and nonResourceRules has to be non-empty'),
      ],
    each(resourceRule)(rule.resourceRules ?? [], `${path}.resourceRules`),
    each(nonResourceRule)(rule.nonResourceRules ?? [], `${path}.nonResourceRules`),
  )

const anyOr =
  (rule: Rule<string>): Rule<string> =>
  (value, path) =>
    value === '*' ? FINE : rule(value, path)

const SUBJECTS: Record<string, { field: string; rule: Rule }> = {
  ServiceAccount: {
    field: 'serviceAccount',
    rule: fields({
      name: required(anyOr(subdomain)),
      namespace: required(label, 'must specify namespace for service account'),
    }),
  },
  User: { field: 'user', rule: fields({ name: required() }) },
  Group: { field: 'group', rule: fields({ name: required() }) },
}

const subject: Rule = (value, path) => {
  const own = SUBJECTS[value.kind]
  if (!own) return [notSupported(`${path}.kind`, value.kind ?? '', SUBJECT_KINDS)]
  const given = value[own.field]
  const at = `${path}.${own.field}`
  return collect(
    given
      ? own.rule(given, at)
      : [requiredError(at, `${own.field} is required when subject kind is '${value.kind}'`)],
    ...Object.entries(SUBJECTS)
      .filter(([kind, { field }]) => kind !== value.kind && value[field])
      .map(([kind, { field }]) => [
        forbiddenField(`${path}.${field}`, `${field} is forbidden when subject kind is not '${kind}'`),
      ]),
  )
}

/** A list in which `*` stands alone. */
const orAll =
  (words: string, rule: Rule<string[]> = () => FINE): Rule<string[]> =>
  (values, path) => {
    if (!values.includes('*')) return rule(values, path)
    if (values.length === 1) return FINE
    return [invalidValue(path, values, `if '*' is present, must not specify other ${words}`)]
  }

const verbs = required(
  orAll('verbs', (values, path) =>
    values.every(verb => VERBS.includes(verb)) ? FINE : [notSupported(path, values, VERBS)],
  ),
  'verbs must contain at least one value',
)

const ruleLists = fields({
  verbs,
  apiGroups: required(orAll('api groups'), 'resource rules must supply at least one api group'),
  resources: required(orAll('resources'), 'resource rules must supply at least one resource'),
})

const namespaceNames = orAll('namespaces', (values, path) =>
  values.flatMap((value, i) =>
    label(value, `${path}[${i}]`).map(fault => ({
      ...fault,
      detail: `each member of this list must be '*' or a DNS-1123 label; ${fault.detail}`,
    })),
  ),
)

const resourceRule: Rule<ResourcePolicyRule> = (rule, path) => {
  const { namespaces = [] } = rule
  const at = `${path}.namespaces`
  const isNowhere = namespaces.length === 0 && !rule.clusterScope
  const nowhere = 'resource rules that are not cluster scoped must supply at least one namespace'
  return collect(
    ruleLists(rule, path),
    isNowhere ? [requiredError(at, nowhere)] : namespaceNames(namespaces, at),
  )
}

const urlPath: Rule<string> = (path, at) => {
  const fault = (detail: string) => [invalidValue(at, path, detail)]
  if (path === '') return fault('must not be empty')
  if (path === '/') return FINE
  if (!path.startsWith('/')) return fault('must start with slash')
  if (path.includes(' ')) return fault('must not contain white-space')
  if (path.includes('//')) return fault('must not contain double slash')
  const stars = path.split('*').length - 1
  const isSuffix = stars === 0 || (stars === 1 && path.endsWith('/*'))
  return isSuffix ? FINE : fault('wildcard can only do suffix matching')
}

const nonResourceRule = fields({
  verbs,
  nonResourceURLs: required(
    orAll('non-resource URLs', each(urlPath)),
    'nonResourceURLs must contain at least one value',
  ),
})

/** All that is wrong with a PriorityLevelConfiguration. */
export const priorityLevelFaults = (level: PriorityLevelConfiguration): Faults =>
  collect(
    levelSpec(level.metadata.name, level.spec ?? {}),
    fixedLevel(level),
    conditions((level as { status?: object }).status ?? {}, 'status'),
  )

function levelSpec(name: string, { type, exempt, limited }: PriorityLevelSpec): Faults {
  const misnamed = (name === EXEMPT) !== (type === 'Exempt') && [
    invalidValue('spec.type', type ?? '', "must be 'Exempt' if and only if `name` is 'exempt'"),
  ]
  if (type === 'Exempt') {
    return collect(
      misnamed,
      limited && [forbiddenField('spec.limited', 'must be nil if the type is not Limited')],
      exempt
        ? exemptLevel(exempt, 'spec.exempt')
        : [requiredError('spec.exempt', 'must not be empty when type is Exempt')],
    )
  }
  if (type === 'Limited') {
    return collect(
      misnamed,
      exempt && [forbiddenField('spec.exempt', 'must be nil if the type is Limited')],
      limited
        ? limitedLevel(limited, 'spec.limited')
        : [requiredError('spec.limited', 'must not be empty when type is Limited')],
    )
  }
  return collect(misnamed, [notSupported('spec.type', type ?? '', ['Exempt', 'Limited'])])
}

const shares = must<number>(value => value >= 0, 'must be a non-negative integer')
const percent = must<number>(value => value >= 0 && value <= 100, 'must be between 0 and 100, inclusive')

const exemptLevel = fields({ nominalConcurrencyShares: shares, lendablePercent: percent })

const queuing: Rule<QueuingConfiguration> = (value, path) => {
  const { queues, handSize, queueLengthLimit } = value
  const positive = (field: 'queues' | 'handSize' | 'queueLengthLimit') =>
    value[field] <= 0 && [invalidValue(`${path}.${field}`, value[field], 'must be positive')]
  const hand = (detail: string) => [invalidValue(`${path}.handSize`, handSize, detail)]
  const entropy = Math.ceil(Math.log2(queues) * handSize)
  const tooRandom = `required entropy bits of deckSize ${queues} and handSize ${handSize} should not be greater than ${MOST_ENTROPY}`
  return collect(
    queueLengthLimit <= 0 && positive('queueLengthLimit'),
    positive('queues') ||
      (queues > MOST_QUEUES && [
        invalidValue(`${path}.queues`, queues, `must not be greater than ${MOST_QUEUES}`),
      ]),
    positive('handSize') ||
      (handSize > queues && hand(`should not be greater than queues (${queues})`)) ||
      (entropy > MOST_ENTROPY && hand(tooRandom)),
  )
}

const limitResponse: Rule<NonNullable<PriorityLevelSpec['limited']>['limitResponse']> = (value, path) => {
  const at = `${path}.queuing`
  if (value.type === 'Reject') {
    const detail = 'must be nil if limited.limitResponse.type is not Limited'
    return value.queuing ? [forbiddenField(at, detail)] : FINE
  }
  if (value.type !== 'Queue') return [notSupported(`${path}.type`, value.type ?? '', ['Queue', 'Reject'])]
  const detail = 'must not be empty if limited.limitResponse.type is Limited'
  return value.queuing ? queuing(value.queuing, at) : [requiredError(at, detail)]
}

const limitedLevel: Rule<NonNullable<PriorityLevelSpec['limited']>> = (limited, path) =>
  collect(
    shares(limited.nominalConcurrencyShares ?? 0, `${path}.nominalConcurrencyShares`),
    limitResponse(limited.limitResponse ?? { type: '' }, `${path}.limitResponse`),
    percent(limited.lendablePercent ?? 0, `${path}.lendablePercent`),
    must<number>(value => value >= 0, 'if specified, must be a non-negative integer')(
      limited.borrowingLimitPercent ?? 0,
      `${path}.borrowingLimitPercent`,
    ),
  )

/** Of the exempt level, what it may lend can be set; all else of what is fixed stays as it is. */
function fixedLevel(level: PriorityLevelConfiguration): Faults {
  if (level.metadata.name !== EXEMPT) return fixedSpec(MANDATORY_LEVELS, level)
  const { exempt } = MANDATORY_LEVELS.find(({ metadata }) => metadata.name === EXEMPT)!.spec
  const rest = { ...level, spec: { ...level.spec, ...(exempt && { exempt }) } }
  return fixedSpec(MANDATORY_LEVELS, rest, " except the 'spec.exempt' field", level.spec)
}

type Configuration = FlowSchema | PriorityLevelConfiguration

function fixedSpec(
  mandatory: readonly Configuration[],
  { metadata: { name }, spec }: Configuration,
  exception = '',
  shown: object = spec,
): Faults {
  const fixed = mandatory.find(({ metadata }) => metadata.name === name)
  if (!fixed || isDeepStrictEqual(spec, fixed.spec)) return FINE
  return [invalidValue('spec', shown, `spec of '${name}'${exception} must equal the fixed value`)]
}

const conditions = fields({
  conditions: (items, path) =>
    collect(
      unique<{ type: string }>(({ type }) => type, '.type')(items, path),
      each(fields({ type: required() }))(items, path),
    ),
})
