import {
  duplicateValue,
  type FieldError,
  forbiddenField,
  invalidValue,
  notSupported,
  required as requiredError,
  tooLong,
} from '../../../api/meta/status.ts'
import { isQualifiedName } from '../../../api/meta/validation.ts'
import { csiDriverName } from '../pod/volumes.ts'
import { collect, FINE, fields, isSame, nonNegative, oneOf, type Rule, unchanged } from '../rules/check.ts'
import { labelSelector } from '../rules/labels.ts'
import { nonNegativeAmount } from '../rules/resources.ts'
import { subdomain } from '../rules/values.ts'
import { parameterFaults, provisionerFaults } from './volume.ts'

const MOST_MESSAGE = 1_024
const ONE_SOURCE = 'must specify exactly one of inlineVolumeSpec and persistentVolumeName'

/** All that is wrong with a VolumeAttachment; what is attached where is fixed. */
export function attachmentFaults(
  { spec, status = {} }: any,
  old: any,
  subresource: string,
): readonly FieldError[] {
  if (subresource === 'status') return attachmentStatusFaults(status)
  const { attacher = '', nodeName = '', source = {} } = spec
  return collect(
    !attacher && [requiredError('spec.attacher', '')],
    sourceFaults(source, 'spec.source'),
    subdomain(nodeName, 'spec.nodeName'),
    attachmentStatusFaults(status),
    csiDriverName(attacher, 'spec.attacher'),
    source.persistentVolumeName && subdomain(source.persistentVolumeName, 'spec.source.persistentVolumeName'),
    old && !isSame(spec, old.spec) && [invalidValue('spec', spec, 'field is immutable')],
  )
}

const sourceFaults: Rule = ({ persistentVolumeName: name, inlineVolumeSpec: inline }, path) => {
  if (inline && name !== undefined) return [forbiddenField(path, ONE_SOURCE)]
  if (!inline && name === undefined) return [requiredError(path, ONE_SOURCE)]
  return name === ''
    ? [requiredError(`${path}.persistentVolumeName`, 'must specify non empty persistentVolumeName')]
    : FINE
}

const attachmentStatusFaults = ({ attachError, detachError }: any): readonly FieldError[] =>
  collect(
    ...Object.entries({ attachError, detachError }).map(([field, error]) =>
      Buffer.byteLength(error?.message ?? '') > MOST_MESSAGE
        ? [tooLong(`status.${field}.message`, '', MOST_MESSAGE)]
        : FINE,
    ),
  )

const MOST_NODE_ID = 192

/** All that is wrong with a CSINode; what is said of a driver stays while the driver does. */
export function csiNodeFaults(node: any, old: any): readonly FieldError[] {
  const drivers: any[] = node.spec?.drivers ?? []
  const names = new Set<string>()
  return collect(
    ...drivers.map((driver, i) => {
      const at = `spec.drivers[${i}]`
      const isRepeated = names.has(driver.name)
      names.add(driver.name)
      return collect(
        csiDriverName(driver.name, `${at}.name`),
        nodeIdFaults(driver.nodeID ?? '', `${at}.nodeID`),
        driver.allocatable && fields({ count: nonNegative })(driver.allocatable, `${at}.allocatable`),
        isRepeated && [duplicateValue(`${at}.name`, driver.name)],
        topologyFaults(driver.topologyKeys ?? [], at),
      )
    }),
    ...((old?.spec?.drivers ?? []) as any[]).map(before => {
      const wanted = drivers.find(({ name }) => name === before.name)
      return wanted && !isSame(wanted, before)
        ? [invalidValue('CSINode', wanted, 'field is immutable')]
        : FINE
    }),
  )
}

function nodeIdFaults(id: string, path: string): readonly FieldError[] {
  if (id === '') return [requiredError(path, '')]
  if (id.length <= MOST_NODE_ID) return FINE
  return [invalidValue(path, id, `must be ${MOST_NODE_ID} characters or less`)]
}

function topologyFaults(keys: string[], path: string): readonly FieldError[] {
  return keys.flatMap((key, i) => [
    ...(key === '' ? [requiredError(path, '')] : []),
    ...(keys.indexOf(key) < i ? [duplicateValue(path, key)] : []),
    ...isQualifiedName(key).map(fault => invalidValue(path, keys, fault)),
  ])
}

const REQUIRED: [field: string, path: string][] = [
  ['attachRequired', 'spec.attachedRequired'],
  ['podInfoOnMount', 'spec.podInfoOnMount'],
  ['storageCapacity', 'spec.storageCapacity'],
]
const POLICIES = ['File', 'None', 'ReadWriteOnceWithFSType']
const LIFECYCLES = ['Ephemeral', 'Persistent']
const LEAST_SECONDS = 600
const MOST_SECONDS = 2 ** 32

/** All that is wrong with a CSIDriver; how it attaches is fixed. */
export function csiDriverFaults({ metadata, spec }: any, old: any): readonly FieldError[] {
  if (old) {
    const immutable = (field: string, path: string) => unchanged(path, spec[field], old.spec[field])
    return collect(
      immutable('attachRequired', 'spec.attachedRequired'),
      immutable('volumeLifecycleModes', 'spec.volumeLifecycleModes'),
      tokenRequestFaults(spec.tokenRequests ?? [], 'spec.tokenRequests'),
    )
  }
  return collect(
    csiDriverName(metadata.name, 'name'),
    ...REQUIRED.map(([field, path]) => spec[field] === undefined && [requiredError(path, '')]),
    spec.fsGroupPolicy === undefined
      ? [requiredError('spec.fsGroupPolicy', '')]
      : oneOf(...POLICIES)(spec.fsGroupPolicy, 'spec.fsGroupPolicy'),
    tokenRequestFaults(spec.tokenRequests ?? [], 'spec.tokenRequests'),
    ((spec.volumeLifecycleModes ?? []) as string[])
      .filter(mode => !LIFECYCLES.includes(mode))
      .map(mode => notSupported('spec.VolumeLifecycleModes', mode, LIFECYCLES)),
    spec.seLinuxMount === undefined && [requiredError('spec.seLinuxMount', '')],
  )
}

function tokenRequestFaults(requests: any[], path: string): readonly FieldError[] {
  const audiences = new Set<string>()
  return requests.flatMap(({ audience = '', expirationSeconds: seconds }, i) => {
    const at = `${path}[${i}]`
    if (audiences.has(audience)) return [duplicateValue(`${at}.audience`, audience)]
    audiences.add(audience)
    const refuse = (detail: string) => [invalidValue(`${at}.expirationSeconds`, seconds, detail)]
    if (seconds < LEAST_SECONDS) return refuse('may not specify a duration less than 10 minutes')
    return seconds > MOST_SECONDS ? refuse('may not specify a duration larger than 2^32 seconds') : []
  })
}

/** All that is wrong with a CSIStorageCapacity; what it is about is fixed. */
export function storageCapacityFaults(capacity: any, old: any): readonly FieldError[] {
  const { storageClassName = '', nodeTopology } = capacity
  return collect(
    subdomain(storageClassName, 'storageClassName'),
    fields({ capacity: nonNegativeAmount, maximumVolumeSize: nonNegativeAmount })(capacity, ''),
    nodeTopology && labelSelector(nodeTopology, 'nodeTopology'),
    old && unchanged('nodeTopology', nodeTopology, old.nodeTopology),
    old && unchanged('storageClassName', storageClassName, old.storageClassName ?? ''),
  )
}

/** All that is wrong with a VolumeAttributesClass; all of it is fixed. */
export function attributesClassFaults(given: any, old: any): readonly FieldError[] {
  const { driverName = '', parameters = {} } = given
  if (old) {
    const refuse = (field: string): FieldError[] => [
      forbiddenField(field, `updates to ${field} are forbidden.`),
    ]
    return collect(
      driverName !== (old.driverName ?? '') && refuse('driverName'),
      !isSame(parameters, old.parameters ?? {}) && refuse('parameters'),
    )
  }
  return collect(
    provisionerFaults(driverName, 'driverName'),
    Object.keys(parameters).length === 0 && [
      requiredError('parameters', 'must contain at least one key/value pair'),
    ],
    parameterFaults(parameters),
  )
}
