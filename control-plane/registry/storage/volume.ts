import { isDeepStrictEqual } from 'node:util'
import { compareQuantity } from '../../../api/meta/quantity.ts'
import {
  duplicateValue,
  type FieldError,
  forbiddenField,
  invalidValue,
  notSupported,
  required as requiredError,
  tooLong,
} from '../../../api/meta/status.ts'
import { goDiff } from '../pod/diff.ts'
import { csiDriverName, flexSource, SHARED_SOURCES } from '../pod/volumes.ts'
import {
  collect,
  FINE,
  fields,
  isSame,
  oneOf,
  type Rule,
  required,
  unchanged,
  unique,
} from '../rules/check.ts'
import { labelKey, nodeSelector } from '../rules/labels.ts'
import { label, noBacksteps, qualifiedName, subdomain } from '../rules/values.ts'
import { accessModes, volumeMode } from './claim-spec.ts'

const secretOfNamespace = fields({ name: required(subdomain), namespace: required(label) })

const csi = fields({
  driver: csiDriverName,
  volumeHandle: required(),
  controllerPublishSecretRef: secretOfNamespace,
  controllerExpandSecretRef: secretOfNamespace,
  nodePublishSecretRef: secretOfNamespace,
  nodeExpandSecretRef: secretOfNamespace,
})

const SOURCES: Record<string, Rule> = {
  ...SHARED_SOURCES,
  flexVolume: flexSource,
  local: fields({ path: required(noBacksteps) }),
  csi,
}

const modes = accessModes('')

/** All that is wrong with a PersistentVolume. */
export function volumeFaults({ spec }: any, old: any): readonly FieldError[] {
  return collect(
    modes(spec.accessModes ?? [], 'spec.accessModes'),
    capacityFaults(spec.capacity ?? {}),
    fields({ persistentVolumeReclaimPolicy: oneOf('Delete', 'Recycle', 'Retain') })(spec, 'spec'),
    spec.nodeAffinity && affinityFaults(spec.nodeAffinity, 'spec.nodeAffinity'),
    sourceFaults(spec),
    recycleFaults(spec),
    fields({ storageClassName: subdomain, volumeMode, volumeAttributesClassName: subdomain })(spec, 'spec'),
    old && changeFaults(spec, old.spec),
  )
}

function capacityFaults(capacity: Record<string, string>): readonly FieldError[] {
  const names = Object.keys(capacity)
  const at = 'spec.capacity'
  return collect(
    names.length === 0 && [requiredError(at, '')],
    (names.length !== 1 || names[0] !== 'storage') && [notSupported(at, capacity, ['storage'])],
    ...names.map(name => {
      const amount = capacity[name]!
      const place = `${at}[${name}]`
      return compareQuantity(amount, '0') > 0
        ? FINE
        : [invalidValue(place, amount, 'must be greater than zero')]
    }),
  )
}

const affinityFaults: Rule = ({ required: wanted }, path) =>
  wanted
    ? nodeSelector(wanted, `${path}.required`)
    : [requiredError(`${path}.required`, 'must specify required node constraints')]

function sourceFaults(spec: any): readonly FieldError[] {
  const [first, ...others] = Object.keys(SOURCES).filter(name => spec[name])
  if (!first) return [requiredError('spec', 'must specify a volume type')]
  return collect(
    SOURCES[first]!(spec[first], `spec.${first}`),
    others.map(name => forbiddenField(`spec.${name}`, 'may not specify more than 1 volume type')),
    spec.local &&
      !spec.nodeAffinity && [requiredError('spec.nodeAffinity', 'Local volume requires node affinity')],
  )
}

function recycleFaults({ hostPath, persistentVolumeReclaimPolicy: policy }: any): readonly FieldError[] {
  const isRoot = typeof hostPath?.path === 'string' && /^\/+(\.\/*)*$/.test(hostPath.path)
  if (!isRoot || policy !== 'Recycle') return FINE
  return [
    forbiddenField('spec.persistentVolumeReclaimPolicy', "may not be 'recycle' for a hostPath mount of '/'"),
  ]
}

/** What a volume is made of is fixed; where it can be used from can be said once. */
function changeFaults(spec: any, old: any): readonly FieldError[] {
  const sourceOf = (given: any): Record<string, unknown> =>
    Object.fromEntries(Object.keys(SOURCES).flatMap(name => (given[name] ? [[name, given[name]]] : [])))
  const [before, wanted] = [structuredClone(sourceOf(old)), structuredClone(sourceOf(spec))] as any[]
  if (before.csi && !before.csi.controllerExpandSecretRef) delete wanted.csi?.controllerExpandSecretRef
  const diff = goDiff('core.PersistentVolumeSource', before, wanted)
  const fixed = 'field is immutable, except for updating from beta label to GA'
  return collect(
    !isSame(before, wanted) && [
      forbiddenField(
        'spec.persistentvolumesource',
        `spec.persistentvolumesource is immutable after creation\n${diff}`,
      ),
    ],
    unchanged('volumeMode', spec.volumeMode, old.volumeMode),
    old.nodeAffinity &&
      !isSame(spec.nodeAffinity, old.nodeAffinity) && [
        invalidValue('nodeAffinity', spec.nodeAffinity ?? null, fixed),
      ],
  )
}

const MOST_PARAMETERS = 512
const MOST_BYTES = 256 * 1024

/** All that is wrong with a StorageClass; how volumes are made is fixed. */
export function storageClassFaults(storage: any, old: any): readonly FieldError[] {
  if (old) return classChangeFaults(storage, old)
  const { provisioner = '', parameters = {}, allowedTopologies = [] } = storage
  return collect(
    provisionerFaults(provisioner, 'provisioner'),
    parameterFaults(parameters),
    fields({
      reclaimPolicy: oneOf('Delete', 'Retain'),
      volumeBindingMode: oneOf('Immediate', 'WaitForFirstConsumer'),
    })(storage, ''),
    topologyFaults(allowedTopologies, 'allowedTopologies'),
  )
}

/** Who makes volumes, in any case. */
export const provisionerFaults = (name: string, path: string): readonly FieldError[] =>
  name === ''
    ? [requiredError(path, '')]
    : qualifiedName(name.toLowerCase(), path).map(fault => ({ ...fault, badValue: name }))

/** What a provisioner is told. */
export function parameterFaults(parameters: Record<string, string>): readonly FieldError[] {
  if (Object.keys(parameters).length > MOST_PARAMETERS) return [tooLong('parameters', '', MOST_PARAMETERS)]
  const size = Object.entries(parameters).reduce(
    (total, [key, value]) => total + Buffer.byteLength(key) + Buffer.byteLength(value),
    0,
  )
  return collect(
    '' in parameters && [invalidValue('parameters', '', 'field can not be empty.')],
    size > MOST_BYTES && [tooLong('parameters', '', MOST_BYTES)],
  )
}

/** Where volumes may be made; no term is there twice. */
function topologyFaults(terms: any[], path: string): readonly FieldError[] {
  const known: Record<string, string[]>[] = []
  return terms.flatMap(({ matchLabelExpressions = [] }, i) => {
    const at = `${path}[${i}].matchLabelExpressions`
    const term: Record<string, string[]> = {}
    const faults = (matchLabelExpressions as any[]).flatMap(({ key = '', values = [] }, e) => {
      const isRepeated = key in term
      term[key] = [...new Set<string>(values)].sort()
      return collect(
        values.length === 0 && [requiredError(`${at}[${e}].values`, '')],
        unique<string>()(values, `${at}[${e}].values`),
        labelKey(key, `${at}[${e}].key`),
        isRepeated && [duplicateValue(`${at}[${e}].key`, key)],
      )
    })
    const isKnown = known.some(other => isDeepStrictEqual(other, term))
    known.push(term)
    return isKnown ? [...faults, duplicateValue(at, '')] : faults
  })
}

function classChangeFaults(storage: any, old: any): readonly FieldError[] {
  return collect(
    !isSame(storage.parameters, old.parameters) && [
      forbiddenField('parameters', 'updates to parameters are forbidden.'),
    ],
    storage.provisioner !== old.provisioner && [
      forbiddenField('provisioner', 'updates to provisioner are forbidden.'),
    ],
    storage.reclaimPolicy !== old.reclaimPolicy && [
      forbiddenField('reclaimPolicy', 'updates to reclaimPolicy are forbidden.'),
    ],
    unchanged('volumeBindingMode', storage.volumeBindingMode, old.volumeBindingMode),
  )
}
