import {
  duplicateValue,
  type FieldError,
  forbiddenField,
  invalidValue,
  notSupported,
  required as requiredError,
} from '../../../api/meta/status.ts'
import { toTime } from '../../../api/meta/time.ts'
import { KEY_USAGES } from '../../../api/schema/tables/key-usages.ts'
import { requestFault } from '../../auth/certificate-requests.ts'
import { collect, each, FINE, oneOf, type Rule } from '../rules/check.ts'
import { subdomain } from '../rules/values.ts'
import type { Strategy } from '../strategy.ts'

const DECISIONS = ['Approved', 'Denied']
const FINAL = [...DECISIONS, 'Failed']
const LEGACY = 'kubernetes.io/legacy-unknown'
const LEAST_SECONDS = 600
const LONGEST_NAME = 571

type Condition = { type: string; status?: string; lastUpdateTime?: string; lastTransitionTime?: string }

const conditionsOf = (request: any): Condition[] => request.status?.conditions ?? []

/** Who asks for a certificate is who is asking; who decides, who signs and who asks write different parts. */
export const signingRequestStrategy: Strategy<any> = {
  nameRule: 'any',
  hasGeneration: false,
  prepareForCreate(request, { user }) {
    const { name, uid, groups, extra } = user
    Object.assign(request.spec, { username: name, groups, ...(uid && { uid }), ...(extra && { extra }) })
    request.status = {}
  },
  prepareForUpdate(request, old, { subresource, now }) {
    request.spec = old.spec
    if (subresource === 'approval') {
      const conditions = conditionsOf(request)
      request.status = { ...old.status, conditions }
      if (conditions.length === 0) delete request.status.conditions
    }
    if (subresource === 'status') keepDecisions(request, old)
    stampConditions(request, old, toTime(now))
  },
  validate(request, old, { subresource }) {
    return collect(
      specFaults(request.spec, !old),
      conditionFaults(request),
      old && changeFaults(request, old, subresource),
    )
  },
}

/** Decisions stay as they are, in the places they are sent in; who adds one or takes one away is told by validation. */
function keepDecisions(request: any, old: any): void {
  for (const decision of DECISIONS) {
    const before = conditionsOf(old).filter(({ type }) => type === decision)
    const conditions = conditionsOf(request)
    if (conditions.filter(({ type }) => type === decision).length !== before.length) continue
    request.status = {
      ...request.status,
      ...(conditions.length > 0 && {
        conditions: conditions.map(given => (given.type === decision ? before.shift()! : given)),
      }),
    }
  }
}

function stampConditions(request: any, old: any, now: string): void {
  for (const condition of conditionsOf(request)) {
    condition.lastUpdateTime ??= now
    const before = conditionsOf(old).find(({ type }) => type === condition.type)
    condition.lastTransitionTime ??=
      before?.status === condition.status ? (before?.lastTransitionTime ?? now) : now
  }
}

function specFaults(spec: any, isNew: boolean): readonly FieldError[] {
  const { request = '', usages = [], signerName, expirationSeconds } = spec
  const seconds = `may not specify a duration less than ${LEAST_SECONDS} seconds (10 minutes)`
  return collect(
    requestFaults(request, isNew),
    usages.length === 0 && [requiredError('spec.usages', '')],
    each(oneOf(...KEY_USAGES))(usages, 'spec.usages'),
    usages.flatMap((usage: string, i: number) =>
      usages.indexOf(usage) < i ? [duplicateValue(`spec.usages[${i}]`, usage)] : [],
    ),
    signerName === LEGACY
      ? [
          invalidValue(
            'spec.signerName',
            signerName,
            'the legacy signerName is not allowed via this API version',
          ),
        ]
      : signer(signerName ?? '', 'spec.signerName'),
    expirationSeconds < LEAST_SECONDS && [invalidValue('spec.expirationSeconds', expirationSeconds, seconds)],
  )
}

/** The form of a request, and that whoever asks has the key; what is stored was looked at before. */
function requestFaults(request: string, isNew: boolean): readonly FieldError[] {
  const fault = isNew ? requestFault(request) : undefined
  return fault === undefined ? FINE : [invalidValue('spec.request', request, fault)]
}

/** `example.com/signer`. */
const signer: Rule<string> = (value, path) => {
  if (value === '') return [requiredError(path, '')]
  const [domain = '', ...rest] = value.split('/')
  if (rest.length === 0) {
    const detail = "must be a fully qualified domain and path of the form 'example.com/signer-name'"
    return [invalidValue(path, value, detail)]
  }
  return collect(
    value.length > LONGEST_NAME && [
      { type: 'FieldValueTooLong', field: path, detail: `may not be more than ${LONGEST_NAME} bytes` },
    ],
    domain.split('.').length < 2 && [
      invalidValue(path, domain, 'should be a domain with at least two segments separated by dots'),
    ],
    ...[domain, ...rest].map(part => subdomain(part, path)),
  )
}

function conditionFaults(request: any): readonly FieldError[] {
  const seen = new Set<string>()
  return conditionsOf(request).flatMap(({ type = '', status = '' }, i) => {
    const at = `status.conditions[${i}]`
    const allowed = FINAL.includes(type) ? ['True'] : ['False', 'True', 'Unknown']
    const contradicts = DECISIONS.includes(type) && DECISIONS.some(other => other !== type && seen.has(other))
    const isRepeated = seen.has(type)
    seen.add(type)
    return collect(
      !type && [requiredError(`${at}.type`, '')],
      status === ''
        ? [requiredError(`${at}.status`, '')]
        : !allowed.includes(status) && [notSupported(`${at}.status`, status, allowed)],
      contradicts && [
        invalidValue('status.conditions', type, 'Approved and Denied conditions are mutually exclusive'),
      ],
      isRepeated && [duplicateValue(`${at}.type`, type)],
    )
  })
}

function changeFaults(request: any, old: any, subresource: string): readonly FieldError[] {
  const count = (given: any, type: string): number =>
    conditionsOf(given).filter(condition => condition.type === type).length
  const refuse = (verb: string, type: string): FieldError =>
    forbiddenField('status.conditions', `updates may not ${verb} a condition of type ${JSON.stringify(type)}`)
  const certificate = request.status?.certificate ?? ''
  const before = old.status?.certificate ?? ''
  const at = 'status.certificate'
  return collect(
    FINAL.filter(type => count(request, type) < count(old, type)).map(type => refuse('remove', type)),
    subresource !== 'approval' &&
      DECISIONS.filter(type => count(request, type) > count(old, type)).map(type => refuse('add', type)),
    certificate !== before &&
      subresource !== 'status' && [forbiddenField(at, 'updates may not set certificate content')],
    certificate !== before &&
      subresource === 'status' &&
      before !== '' && [forbiddenField(at, 'updates may not modify existing certificate content')],
  )
}
