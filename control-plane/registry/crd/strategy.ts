import type { CustomResourceDefinition } from '../../../api/kinds/apiextensions.ts'
import { loadCel, mentionsRules } from '../../cel/lazy.ts'
import type { Strategy } from '../strategy.ts'
import { formatWarnings } from '../warnings/formats.ts'
import { withCondition } from './conditions.ts'
import { validateDefinition, validateDefinitionStatus, validateDefinitionUpdate } from './validate.ts'

/** Holds a definition until its objects are gone. */
export const CLEANUP = 'customresourcecleanup.apiextensions.k8s.io'

const WEBHOOK_PORT = 443

export const customResourceDefinitionStrategy: Strategy<CustomResourceDefinition> = {
  defaults({ spec }) {
    if (spec.names?.kind) {
      spec.names.singular ||= spec.names.kind.toLowerCase()
      spec.names.listKind ||= `${spec.names.kind}List`
    }
    spec.conversion ??= { strategy: 'None' }
    const { webhook } = spec.conversion
    if (webhook && !webhook.clientConfig && !webhook.conversionReviewVersions) delete spec.conversion.webhook
    const service = webhook?.clientConfig?.service
    if (service) service.port ??= WEBHOOK_PORT
  },
  prepareForCreate(definition) {
    const stored = storageVersions(definition)
    definition.status = {
      conditions: null,
      acceptedNames: { plural: '', kind: '' },
      ...(stored.length > 0 && { storedVersions: stored }),
    }
    if (definition.spec.preserveUnknownFields === false) delete definition.spec.preserveUnknownFields
  },
  prepareForUpdate(definition, old, { subresource }) {
    if (definition.spec.preserveUnknownFields === false) delete definition.spec.preserveUnknownFields
    if (subresource !== '') return
    const stored = old.status?.storedVersions ?? []
    const added = storageVersions(definition).filter(version => !stored.includes(version))
    if (added.length > 0) definition.status = { ...old.status, storedVersions: [...stored, ...added] }
  },
  /** Objects go first: the finalizer keeps the definition until they have. */
  prepareForDelete(definition) {
    const { metadata, status } = definition
    if (!metadata.finalizers?.includes(CLEANUP))
      metadata.finalizers = [...(metadata.finalizers ?? []), CLEANUP]
    const terminating = {
      type: 'Terminating',
      status: 'True',
      reason: 'InstanceDeletionPending',
      message: 'CustomResourceDefinition marked for deletion; CustomResource deletion will begin soon',
    } as const
    definition.status = {
      ...status,
      conditions: withCondition(status?.conditions ?? [], terminating, new Date()),
    }
  },
  warnings: formatWarnings,
  load: ({ spec }) => (mentionsRules(spec) ? loadCel() : undefined),
  validate(definition, old, { subresource }) {
    if (subresource === 'status') return validateDefinitionStatus(definition)
    return old ? validateDefinitionUpdate(definition, old) : validateDefinition(definition)
  },
}

/** The version that objects are stored in; none where nothing says so. Of several that say so, which is refused, the first. */
const storageVersions = ({ spec }: CustomResourceDefinition): string[] =>
  (spec.versions ?? [])
    .filter(({ storage }) => storage)
    .slice(0, 1)
    .map(({ name }) => name)
