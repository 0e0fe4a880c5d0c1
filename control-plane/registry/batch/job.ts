import type { Job } from '../../../api/kinds/types.ts'
import { labelSelector as compileSelector } from '../../../api/meta/selectors.ts'
import {
  type FieldError,
  invalidValue,
  notSupported,
  required as requiredError,
} from '../../../api/meta/status.ts'
import { fillTemplate, selectorMatchFaults, validateTemplate } from '../pod/template.ts'
import { collect, FINE, fields, isSame, nonNegative, oneOf, type Rule, unchanged } from '../rules/check.ts'
import { labelSelector } from '../rules/labels.ts'
import type { Strategy } from '../strategy.ts'
import { failurePolicyFaults, successPolicyFaults } from './policies.ts'

const UID_LABEL = 'batch.kubernetes.io/controller-uid'
const NAME_LABEL = 'batch.kubernetes.io/job-name'
const MOST_INDEXED = 100_000
const MOST_BACKOFF = 2_147_483_647
const MANAGED_BY = 63

export const jobStrategy: Strategy<Job> = {
  dependents: 'orphaned',
  orphanWarning:
    'child pods are preserved by default when jobs are deleted; set propagationPolicy=Background to remove them or set propagationPolicy=Orphan to suppress this warning',
  defaults(job) {
    defaultJob(job)
    adoptLabels(job)
  },
  prepareForCreate(job) {
    job.status = {}
    const isAdopted = adopted.has(job.metadata.labels!)
    if (!job.spec.manualSelector) generateSelector(job)
    if (isAdopted) delete job.metadata.labels
    adoptLabels(job)
  },
  prepareForUpdate: job => adoptLabels(job),
  validate(job, old, { subresource }) {
    if (subresource !== '') return []
    return collect(
      generatedFaults(job),
      validateJobSpec(job.spec, 'spec'),
      validateSelector(job),
      old && validateUpdate(job.spec, old),
    )
  },
}

/** Labels that came from templates. */
const adopted = new WeakSet<object>()

/** A Job without labels has those of its Pods, the generated ones too. */
function adoptLabels({ metadata, spec }: Job): void {
  const { labels } = spec.template.metadata ?? {}
  if (!labels || Object.keys(metadata.labels ?? {}).length > 0) return
  metadata.labels = { ...labels }
  adopted.add(metadata.labels)
}

/** Without a number of completions and of Pods at once, a Job is one Pod. */
function defaultJob({ spec }: Job): void {
  if (spec.completions === undefined && spec.parallelism === undefined) {
    spec.completions = 1
    spec.parallelism = 1
  }
  spec.parallelism ??= 1
  spec.backoffLimit ??= spec.backoffLimitPerIndex === undefined ? 6 : MOST_BACKOFF
  spec.completionMode ??= 'NonIndexed'
  spec.suspend ??= false
  spec.manualSelector ??= false
  spec.podReplacementPolicy ??= spec.podFailurePolicy ? 'Failed' : 'TerminatingOrFailed'
  for (const { onPodConditions } of spec.podFailurePolicy?.rules ?? []) {
    for (const condition of onPodConditions ?? []) condition.status ??= 'True'
  }
  fillTemplate(spec)
}

/** The labels of a Job's Pods, in the form of today and of before v1.27. */
const ownLabels = ({ uid, name }: Job['metadata']): Record<string, string> => ({
  [UID_LABEL]: uid!,
  'controller-uid': uid!,
  [NAME_LABEL]: name ?? '',
  'job-name': name ?? '',
})

/** Marks the template with the Job's uid and name, and selects by the uid. */
function generateSelector({ metadata, spec }: Job): void {
  const { template } = spec
  template.metadata ??= {}
  template.metadata.labels = { ...template.metadata.labels, ...ownLabels(metadata) }
  spec.selector ??= {}
  spec.selector.matchLabels ??= {}
  spec.selector.matchLabels[UID_LABEL] = metadata.uid!
}

function generatedFaults({ metadata, spec }: Job): readonly FieldError[] {
  if (spec.manualSelector || !spec.selector) return FINE
  const own = ownLabels(metadata)
  const labels = spec.template?.metadata?.labels ?? {}
  const wrong = [UID_LABEL, NAME_LABEL].flatMap(key => {
    const at = `spec.template.metadata.labels[${key}]`
    const detail = `must be '${own[key]}'`
    if (labels[key] === undefined) return [requiredError(at, detail)]
    return labels[key] === own[key] ? [] : [invalidValue(at, labels, detail)]
  })
  if (labelSelector(spec.selector, '').length > 0 || compileSelector(spec.selector).matches(own)) return wrong
  return [...wrong, invalidValue('spec.selector', spec.selector, '`selector` not auto-generated')]
}

function validateSelector({ spec }: Job): readonly FieldError[] {
  if (!spec.selector) return [requiredError('spec.selector', '')]
  const faults = labelSelector(spec.selector, 'spec.selector')
  return faults.length > 0 ? faults : selectorMatchFaults(spec.selector, spec.template, 'spec.template')
}

const numbers = fields({
  parallelism: nonNegative,
  completions: nonNegative,
  activeDeadlineSeconds: nonNegative,
  backoffLimit: nonNegative,
  ttlSecondsAfterFinished: nonNegative,
  backoffLimitPerIndex: nonNegative,
  maxFailedIndexes: nonNegative,
})

const managedBy: Rule<string> = (value, path) => {
  const [domain, name, ...rest] = value.split('/')
  const isPath = Boolean(domain && name) && rest.length === 0
  return collect(
    !isPath && [invalidValue(path, value, 'must be a domain-prefixed path (such as "acme.io/foo")')],
    value.length > MANAGED_BY && [
      { type: 'FieldValueTooLong', field: path, detail: `may not be more than ${MANAGED_BY} bytes` },
    ],
  )
}

/** What holds for a Job and for what a CronJob makes. */
export function validateJobSpec(spec: any, path: string): readonly FieldError[] {
  const { completionMode, template, podReplacementPolicy, podFailurePolicy, successPolicy } = spec
  const policies = podFailurePolicy ? ['Failed'] : ['Failed', 'TerminatingOrFailed']
  return collect(
    numbers(spec, path),
    spec.managedBy && managedBy(spec.managedBy, `${path}.managedBy`),
    completionMode && modeFaults(spec, path),
    indexFaults(spec, path),
    podReplacementPolicy && oneOf(...policies)(podReplacementPolicy, `${path}.podReplacementPolicy`),
    validateTemplate(template, `${path}.template`),
    restartFaults(template?.spec?.restartPolicy, podFailurePolicy, `${path}.template.spec.restartPolicy`),
    podFailurePolicy && failurePolicyFaults(spec, `${path}.podFailurePolicy`),
    successPolicy && successPolicyFaults(spec, `${path}.successPolicy`),
  )
}

function restartFaults(
  policy: string | undefined,
  failurePolicy: object | undefined,
  at: string,
): readonly FieldError[] {
  if (failurePolicy && policy !== 'Never') {
    const detail = 'only "Never" is supported when podFailurePolicy is specified'
    return [invalidValue(at, policy ?? '', detail)]
  }
  return policy === 'OnFailure' || policy === 'Never'
    ? FINE
    : [notSupported(at, policy ?? '', ['OnFailure', 'Never'])]
}

function modeFaults(spec: any, path: string): readonly FieldError[] {
  const { completionMode, completions, parallelism } = spec
  if (completionMode === 'NonIndexed') return FINE
  if (completionMode !== 'Indexed') {
    return [notSupported(`${path}.completionMode`, completionMode, ['NonIndexed', 'Indexed'])]
  }
  const most = `must be less than or equal to ${MOST_INDEXED} when completion mode is Indexed`
  return collect(
    completions === undefined && [requiredError(`${path}.completions`, 'when completion mode is Indexed')],
    parallelism > MOST_INDEXED && [invalidValue(`${path}.parallelism`, parallelism, most)],
  )
}

function indexFaults(spec: any, path: string): readonly FieldError[] {
  const { backoffLimitPerIndex, maxFailedIndexes, completionMode, completions } = spec
  const onlyIndexed = 'requires indexed completion mode'
  return collect(
    backoffLimitPerIndex !== undefined &&
      completionMode !== 'Indexed' && [
        invalidValue(`${path}.backoffLimitPerIndex`, backoffLimitPerIndex, onlyIndexed),
      ],
    maxFailedIndexes !== undefined &&
      completionMode !== 'Indexed' && [
        invalidValue(`${path}.maxFailedIndexes`, maxFailedIndexes, onlyIndexed),
      ],
    maxFailedIndexes !== undefined &&
      backoffLimitPerIndex === undefined && [
        requiredError(`${path}.backoffLimitPerIndex`, 'when maxFailedIndexes is specified'),
      ],
    maxFailedIndexes > (completions ?? Number.POSITIVE_INFINITY) && [
      invalidValue(`${path}.maxFailedIndexes`, maxFailedIndexes, 'must be less than or equal to completions'),
    ],
  )
}

/** What of a template may change while its Job is suspended and has not begun. */
const SCHEDULING = ['affinity', 'nodeSelector', 'tolerations', 'schedulingGates']

function validateUpdate(spec: any, old: Job): readonly FieldError[] {
  const isWaiting = old.spec.suspend === true && old.status?.startTime === undefined
  const isElastic =
    spec.completionMode === 'Indexed' &&
    spec.completions === spec.parallelism &&
    old.spec.completions === old.spec.parallelism
  return collect(
    !isElastic && unchanged('spec.completions', spec.completions, old.spec.completions),
    unchanged('spec.selector', spec.selector, old.spec.selector),
    templateFaults(spec.template, old.spec.template, isWaiting),
    unchanged('spec.completionMode', spec.completionMode, old.spec.completionMode),
    ...['podFailurePolicy', 'backoffLimitPerIndex', 'managedBy', 'successPolicy'].map(field =>
      unchanged(`spec.${field}`, spec[field], (old.spec as any)[field]),
    ),
  )
}

function templateFaults(template: any, old: any, isWaiting: boolean): readonly FieldError[] {
  if (isSame(template, old)) return FINE
  if (isWaiting) {
    const masked = structuredClone(template)
    for (const field of SCHEDULING) restore(masked.spec, old.spec, field)
    masked.metadata ??= {}
    for (const field of ['labels', 'annotations']) restore(masked.metadata, old.metadata ?? {}, field)
    if (isSame(masked, old)) return FINE
  }
  return unchanged('spec.template', template, old)
}

function restore(object: any, stored: any, field: string): void {
  if (stored[field] === undefined) delete object[field]
  else object[field] = stored[field]
}

/** A CronJob selects nothing itself: each Job it makes does. */
export function validateJobTemplate(spec: any, path: string): readonly FieldError[] {
  return collect(
    validateJobSpec(spec, path),
    spec.selector && [invalidValue(`${path}.selector`, spec.selector, '`selector` will be auto-generated')],
    spec.manualSelector && [notSupported(`${path}.manualSelector`, true, ['nil', 'false'])],
  )
}
