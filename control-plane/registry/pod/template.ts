import type { PodTemplateSpec } from '../../../api/kinds/types.ts'
import { labelSelector as compileSelector } from '../../../api/meta/selectors.ts'
import {
  type FieldError,
  forbiddenField,
  invalidValue,
  notSupported,
  required,
} from '../../../api/meta/status.ts'
import { collect } from '../rules/check.ts'
import { annotations, labels } from '../rules/labels.ts'
import { podAnnotationFaults } from './annotations.ts'
import { defaultPodSpec } from './defaults.ts'
import { profileMatchFaults } from './profiles.ts'
import { validatePodSpec } from './validate-spec.ts'

/** Fills in a Pod template. */
export function defaultTemplate(template: PodTemplateSpec | undefined): void {
  if (!template) return
  template.spec ??= {} as PodTemplateSpec['spec'] & object
  defaultPodSpec(template.spec)
}

/** The same for kinds whose template is there even when it was left out, as an empty one. */
export function fillTemplate(owner: { template?: PodTemplateSpec }): void {
  owner.template ??= {}
  defaultTemplate(owner.template)
}

/** The labels and annotations of a Pod template. */
export function templateMetadataFaults(template: PodTemplateSpec, path: string): readonly FieldError[] {
  const { labels: own, annotations: notes } = template.metadata ?? {}
  return collect(
    own && labels(own, `${path}.labels`),
    notes && annotations(notes, `${path}.annotations`),
    notes && podAnnotationFaults(notes, { spec: template.spec ?? ({} as never) }, `${path}.annotations`),
  )
}

/** All that is wrong with a Pod template. */
export function validateTemplate(template: PodTemplateSpec | undefined, path: string): readonly FieldError[] {
  const spec = template?.spec
  if (!spec) return [required(`${path}.spec.containers`, '')]
  return collect(
    templateMetadataFaults(template, path),
    validatePodSpec(spec, `${path}.spec`),
    profileMatchFaults(template.metadata?.annotations, spec, `${path}.spec`),
    spec.ephemeralContainers?.length && [
      forbiddenField(`${path}.spec.ephemeralContainers`, 'ephemeral containers not allowed in pod template'),
    ],
  )
}

/** What workloads may not put in a template, each with its own policies. `owner` is the kind's name. */
export function templateUseFaults(
  template: PodTemplateSpec | undefined,
  path: string,
  owner: string,
): readonly FieldError[] {
  const { restartPolicy, activeDeadlineSeconds } = template?.spec ?? {}
  const at = `${path}.spec`
  return collect(
    restartPolicy !== 'Always' && [notSupported(`${at}.restartPolicy`, restartPolicy ?? '', ['Always'])],
    activeDeadlineSeconds !== undefined && [
      forbiddenField(`${at}.activeDeadlineSeconds`, `activeDeadlineSeconds in ${owner} is not Supported`),
    ],
  )
}

/** A workload's selector must select what its template makes. */
export function selectorMatchFaults(
  selector: object | undefined,
  template: PodTemplateSpec | undefined,
  path: string,
): readonly FieldError[] {
  if (!selector || !isSelector(selector)) return []
  const own = template?.metadata?.labels
  if (compileSelector(selector as never).matches(own)) return []
  return [invalidValue(`${path}.metadata.labels`, own ?? null, '`selector` does not match template `labels`')]
}

/** Whether a selector can be compiled; that it cannot is reported where it stands. */
function isSelector(selector: object): boolean {
  try {
    compileSelector(selector as never)
    return true
  } catch {
    return false
  }
}
