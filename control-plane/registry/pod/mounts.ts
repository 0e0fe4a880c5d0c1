import type { Container, VolumeMount } from '../../../api/kinds/types.ts'
import {
  type FieldError,
  forbiddenField,
  invalidValue,
  notFoundValue,
  notSupported,
  required,
} from '../../../api/meta/status.ts'
import { collect, FINE } from '../rules/check.ts'
import { descendingPath, noBacksteps } from '../rules/values.ts'
import type { Volumes } from './volumes.ts'

const PROPAGATIONS = ['Bidirectional', 'HostToContainer', 'None']
const RECURSIVE = ['Disabled', 'Enabled', 'IfPossible']

/** What of a container's mounts and devices is wrong with regard to its Pod's volumes. */
export function validateMounts(container: Container, path: string, volumes: Volumes): readonly FieldError[] {
  const { volumeMounts, volumeDevices } = container
  if (!volumeMounts && !volumeDevices) return FINE
  return collect(
    mountFaults(container, `${path}.volumeMounts`, volumes),
    deviceFaults(container, `${path}.volumeDevices`, volumes),
  )
}

function mountFaults(container: Container, path: string, volumes: Volumes): readonly FieldError[] {
  const { volumeMounts = [], volumeDevices = [] } = container
  const seen = new Set<string>()
  return volumeMounts.flatMap((mount, i) => {
    const { name, mountPath } = mount
    const at = `${path}[${i}]`
    const faults: FieldError[] = []
    if (!name) faults.push(required(`${at}.name`, ''))
    if (!volumes.has(name)) faults.push(notFoundValue(`${at}.name`, name ?? ''))
    if (!mountPath) faults.push(required(`${at}.mountPath`, ''))
    if (seen.has(mountPath)) faults.push(invalidValue(`${at}.mountPath`, mountPath, 'must be unique'))
    seen.add(mountPath)
    if (volumeDevices.some(device => device.name === name)) {
      faults.push(invalidValue(`${at}.name`, name, 'must not already exist in volumeDevices'))
    }
    if (volumeDevices.some(({ devicePath }) => devicePath === mountPath)) {
      const detail = 'must not already exist as a path in volumeDevices'
      faults.push(invalidValue(`${at}.mountPath`, mountPath, detail))
    }
    return [
      ...faults,
      ...subPathFaults(mount, path, at, volumes),
      ...propagationFaults(mount, container, `${path}.mountPropagation`),
      ...recursiveFaults(mount, `${path}.recursiveReadOnly`),
    ]
  })
}

/** That a path leads elsewhere is said of the list, as upstream does. */
function subPathFaults(
  { name, subPath, subPathExpr }: VolumeMount,
  path: string,
  at: string,
  volumes: Volumes,
): readonly FieldError[] {
  const isImage = Boolean((volumes.get(name) as { image?: object } | undefined)?.image)
  const noImage = 'not allowed in image volume sources'
  return collect(
    isImage && subPath && [invalidValue(`${at}.subPath`, subPath, noImage)],
    isImage && subPathExpr && [invalidValue(`${at}.subPathExpr`, subPathExpr, noImage)],
    subPath && descendingPath(subPath, `${path}.subPath`),
    subPathExpr &&
      subPath && [
        invalidValue(`${at}.subPathExpr`, subPathExpr, 'subPathExpr and subPath are mutually exclusive'),
      ],
    subPathExpr && descendingPath(subPathExpr, `${path}.subPathExpr`),
  )
}

function propagationFaults(
  { mountPropagation }: VolumeMount,
  { securityContext }: Container,
  path: string,
): readonly FieldError[] {
  if (!mountPropagation) return FINE
  const detail = 'Bidirectional mount propagation is available only to privileged containers'
  return collect(
    !PROPAGATIONS.includes(mountPropagation) && [notSupported(path, mountPropagation, PROPAGATIONS)],
    mountPropagation === 'Bidirectional' && !securityContext?.privileged && [forbiddenField(path, detail)],
  )
}

function recursiveFaults(mount: VolumeMount, path: string): readonly FieldError[] {
  const { readOnly, mountPropagation } = mount
  const { recursiveReadOnly } = mount as { recursiveReadOnly?: string }
  if (recursiveReadOnly === undefined || recursiveReadOnly === 'Disabled') return FINE
  if (!RECURSIVE.includes(recursiveReadOnly)) {
    return [notSupported(path, recursiveReadOnly, ['Disabled', 'Enabled', 'IfPossible'])]
  }
  return collect(
    !readOnly && [forbiddenField(path, 'may only be specified when readOnly is true')],
    mountPropagation &&
      mountPropagation !== 'None' && [
        forbiddenField(path, 'may only be specified when mountPropagation is None or not specified'),
      ],
  )
}

function deviceFaults(container: Container, path: string, volumes: Volumes): readonly FieldError[] {
  const { volumeMounts = [], volumeDevices = [] } = container
  const names = new Set<string>()
  const paths = new Set<string>()
  return volumeDevices.flatMap(({ name, devicePath }, i) => {
    const at = `${path}[${i}]`
    const volume = volumes.get(name)
    const isClaim = Boolean(volume?.persistentVolumeClaim || volume?.ephemeral)
    const byName = (detail: string): FieldError[] => [invalidValue(`${at}.name`, name, detail)]
    const byPath = (detail: string): FieldError[] => [invalidValue(`${at}.devicePath`, devicePath, detail)]
    const faults = collect(
      !name && [required(`${at}.name`, '')],
      names.has(name) && byName('must be unique'),
      volume && !isClaim && byName(ONLY_CLAIMS),
      !volume && [notFoundValue(`${at}.name`, name ?? '')],
      !devicePath && [required(`${at}.devicePath`, '')],
      paths.has(devicePath) && byPath('must be unique'),
      noBacksteps(devicePath ?? '', at).length > 0 && byPath("can not contain backsteps ('..')"),
      volumeMounts.some(mount => mount.name === name) && byName('must not already exist in volumeMounts'),
      volumeMounts.some(({ mountPath }) => mountPath === devicePath) &&
        byPath('must not already exist as a path in volumeMounts'),
    )
    if (name) names.add(name)
    paths.add(devicePath)
    return faults
  })
}

const ONLY_CLAIMS = 'can only use volume source type of PersistentVolumeClaim or Ephemeral for block mode'
