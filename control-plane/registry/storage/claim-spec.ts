import {
  type FieldError,
  forbiddenField,
  invalidValue,
  notSupported,
  required as requiredError,
} from '../../../api/meta/status.ts'
import { isDns1123Subdomain } from '../../../api/meta/validation.ts'
import {
  all,
  always,
  collect,
  FINE,
  fields,
  isEmpty,
  isSame,
  oneOf,
  type Rule,
  required,
} from '../rules/check.ts'
import { annotations, labelSelector, labels } from '../rules/labels.ts'
import { positiveAmount } from '../rules/resources.ts'
import { label, subdomain } from '../rules/values.ts'

const ACCESS_MODES = ['ReadOnlyMany', 'ReadWriteMany', 'ReadWriteOnce', 'ReadWriteOncePod']
const ALONE = 'ReadWriteOncePod'

/** How a volume can be mounted; `detail` says so when no way is named. */
export const accessModes = (detail: string): Rule<string[]> =>
  always((modes = [], path) => {
    if (modes.length === 0) return [requiredError(path, detail)]
    const faults: FieldError[] = modes
      .filter(mode => !ACCESS_MODES.includes(mode))
      .map(mode => notSupported(path, mode, ACCESS_MODES))
    const others = modes.some(mode => mode !== ALONE && ACCESS_MODES.includes(mode))
    if (modes.includes(ALONE) && others) {
      faults.push(forbiddenField(path, 'may not use ReadWriteOncePod with other access modes'))
    }
    return faults
  })

/** A block device or a file system. */
export const volumeMode = oneOf('Block', 'Filesystem')

const dataSource: Rule = (source, path) => {
  const { apiGroup, kind, name } = source
  return collect(
    !name && [requiredError(`${path}.name`, '')],
    !kind && [requiredError(`${path}.kind`, '')],
    !apiGroup &&
      kind !== 'PersistentVolumeClaim' && [
        invalidValue(
          path,
          kind ?? '',
          "must be 'PersistentVolumeClaim' when referencing the default apiGroup",
        ),
      ],
    apiGroup && isDns1123Subdomain(apiGroup).map(fault => invalidValue(`${path}.apiGroup`, apiGroup, fault)),
    source.namespace && label(source.namespace, `${path}.namespace`),
  )
}

const requestedStorage: Rule = always((resources, path) => {
  const amount = resources?.requests?.storage
  return amount === undefined
    ? [requiredError(`${path}[storage]`, '')]
    : positiveAmount(amount, `${path}[storage]`)
})

const bothSources: Rule = ({ dataSource: old, dataSourceRef: ref }, path) => {
  if (!old || !ref) return FINE
  const shown = `${path}.dataSource`
  if (ref.namespace) {
    return [invalidValue(path, shown, 'may not be specified when dataSourceRef.namespace is specified')]
  }
  const isOne = ['apiGroup', 'kind', 'name'].every(field => isSame(old[field], ref[field]))
  return isOne ? FINE : [invalidValue(path, shown, 'must match dataSourceRef')]
}

/** A core/v1 PersistentVolumeClaimSpec. */
export const claimSpec: Rule = all(
  fields({
    accessModes: accessModes('at least 1 access mode is required'),
    selector: labelSelector,
    resources: requestedStorage,
    storageClassName: subdomain,
    volumeMode,
    dataSource,
    dataSourceRef: dataSource,
  }),
  bothSources,
  fields({ volumeAttributesClassName: subdomain }),
)

const TEMPLATE_METADATA = ['annotations', 'labels', 'creationTimestamp']

/** The template of a claim that is made for one Pod: of its metadata only labels and annotations count. */
export const claimTemplate: Rule = ({ metadata = {}, spec }, path) =>
  collect(
    fields({ annotations, labels })(metadata, `${path}.metadata`),
    Object.entries(metadata)
      .filter(([field, value]) => !TEMPLATE_METADATA.includes(field) && !isEmpty(value))
      .map(([field]) => forbiddenField(`${path}.metadata.${field}`, 'cannot be set')),
    fields({ spec: required(claimSpec) })({ spec }, path),
  )
