import type { ApiService } from '../../api/kinds/apiregistration.ts'
import type { Condition } from '../../api/meta/object.ts'
import { type FieldError, invalidValue, required } from '../../api/meta/status.ts'
import { now } from '../../api/meta/time.ts'
import { isDns1035Label, isDns1123Subdomain, isValidPortNumber } from '../../api/meta/validation.ts'
import type { Strategy } from './strategy.ts'

const SERVICE_PORT = 443
const MOST_GROUP_PRIORITY = 20_000
const MOST_VERSION_PRIORITY = 1_000

export const apiServiceStrategy: Strategy<ApiService> = {
  nameRule: 'path-segment',
  hasGeneration: false,
  defaults({ spec }) {
    if (spec.service) spec.service.port ??= SERVICE_PORT
  },
  prepareForCreate(service) {
    if (!service.spec.service) service.status = { conditions: [localCondition()] }
  },
  prepareForUpdate(service, old) {
    if (!service.spec.service && old.spec.service) service.status = { conditions: [localCondition()] }
  },
  validate,
}

/** What is served here is always there. */
const localCondition = (): Condition => ({
  type: 'Available',
  status: 'True',
  lastTransitionTime: now(),
  reason: 'Local',
  message: 'Local APIServices are always available',
})

function validate({ metadata, spec }: ApiService): FieldError[] {
  const { group = '', version = '' } = spec
  const errors: FieldError[] = []
  const name = `${version}.${group}`
  if (metadata.name !== name)
    errors.push(
      invalidValue(
        'metadata.name',
        metadata.name,
        `must be \`spec.version+"."+spec.group\`: ${JSON.stringify(name)}`,
      ),
    )
  if (group)
    for (const fault of isDns1123Subdomain(group)) errors.push(invalidValue('spec.group', group, fault))
  for (const fault of isDns1035Label(version)) errors.push(invalidValue('spec.version', version, fault))
  return [...errors, ...validatePriorities(spec), ...validateService(spec)]
}

function validatePriorities({
  groupPriorityMinimum: group,
  versionPriority: version,
}: ApiService['spec']): FieldError[] {
  const errors: FieldError[] = []
  if (!(group > 0 && group <= MOST_GROUP_PRIORITY))
    errors.push(
      invalidValue(
        'spec.groupPriorityMinimum',
        group ?? 0,
        `must be positive and less than ${MOST_GROUP_PRIORITY}`,
      ),
    )
  if (!(version > 0 && version <= MOST_VERSION_PRIORITY))
    errors.push(
      invalidValue(
        'spec.versionPriority',
        version ?? 0,
        `must be positive and less than ${MOST_VERSION_PRIORITY}`,
      ),
    )
  return errors
}

function validateService({ service, caBundle, insecureSkipTLSVerify }: ApiService['spec']): FieldError[] {
  const errors: FieldError[] = []
  if (!service) {
    if (caBundle)
      errors.push(
        invalidValue(
          'spec.caBundle',
          `${decoded(caBundle).length} bytes`,
          'local APIServices may not have a caBundle',
        ),
      )
    if (insecureSkipTLSVerify)
      errors.push(
        invalidValue(
          'spec.insecureSkipTLSVerify',
          true,
          'local APIServices may not have insecureSkipTLSVerify',
        ),
      )
    return errors
  }
  if (!service.namespace) errors.push(required('spec.service.namespace', ''))
  if (!service.name) errors.push(required('spec.service.name', ''))
  for (const fault of isValidPortNumber(service.port ?? SERVICE_PORT))
    errors.push(invalidValue('spec.service.port', service.port, `port is not valid: ${fault}`))
  if (insecureSkipTLSVerify && caBundle)
    errors.push(invalidValue('spec.insecureSkipTLSVerify', true, 'may not be true if caBundle is present'))
  return errors
}

const decoded = (base64: string): Buffer => Buffer.from(base64, 'base64')
