import type { Volume } from '../../../api/kinds/types.ts'
import { compareQuantity } from '../../../api/meta/quantity.ts'
import {
  duplicateValue,
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
  between,
  collect,
  FINE,
  fields,
  must,
  type Rule,
  required,
  requiredOneOf,
} from '../rules/check.ts'
import { descendingPath, fileMode, label, noBacksteps, subdomain } from '../rules/values.ts'
import { claimTemplate } from '../storage/claim-spec.ts'
import { downwardFiles, keysToPaths } from './files.ts'
import { projectedSource } from './projected.ts'

/** The sources of a Pod's volumes by name. */
export type Volumes = ReadonlyMap<string, Volume>

const HOST_PATH_TYPES = [
  '',
  'BlockDevice',
  'CharDevice',
  'Directory',
  'DirectoryOrCreate',
  'File',
  'FileOrCreate',
  'Socket',
]

const hostPathType: Rule<string> = (value, at) =>
  HOST_PATH_TYPES.includes(value) ? FINE : [notSupported(at, value, HOST_PATH_TYPES)]

/** A core/v1 HostPathVolumeSource. */
export const hostPathSource: Rule = ({ path: host, type }, at) => {
  if (!host) return [requiredError(`${at}.path`, '')]
  return collect(noBacksteps(host, `${at}.path`), type && hostPathType(type, `${at}.type`))
}

/** A core/v1 NFSVolumeSource. */
export const nfsSource: Rule = fields({
  server: required(),
  path: always((value: string | undefined, at) => [
    ...(value ? FINE : [requiredError(at, '')]),
    ...(value?.startsWith('/') ? FINE : [invalidValue(at, value ?? '', 'must be an absolute path')]),
  ]),
})

const partition = between(0, 255)
const diskPartition: Rule<number> = (value, at) =>
  partition(value, at).length === 0 ? FINE : [invalidValue(at, value, 'must be between 1 and 255, inclusive')]

const QUALIFIERS = {
  iqn: /^iqn\.\d{4}-\d{2}\.([a-zA-Z0-9.-]+)(:[^,;*&$|\s]+)$/,
  eui: /^eui.[a-zA-Z0-9]{16}$/,
  naa: /^naa.[a-zA-Z0-9]{32}$/,
} as const

const qualifiedIscsiName: Rule<string> = (value, at) => {
  const family = (['iqn', 'eui', 'naa'] as const).find(prefix => value.startsWith(prefix))
  if (!family) return [invalidValue(at, value, 'must be valid format starting with iqn, eui, or naa')]
  return QUALIFIERS[family].test(value) ? FINE : [invalidValue(at, value, 'must be valid format')]
}

/** A core/v1 ISCSIVolumeSource. */
export const iscsiSource: Rule = all(
  fields({ targetPortal: required(), iqn: required(qualifiedIscsiName), lun: between(0, 255) }),
  (source, at) =>
    (source.chapAuthDiscovery || source.chapAuthSession) && !source.secretRef
      ? [requiredError(`${at}.secretRef`, '')]
      : FINE,
  ({ initiatorName }, at) =>
    initiatorName === undefined ? FINE : qualifiedIscsiName(initiatorName, `${at}.initiatorname`),
)

/** A core/v1 FCVolumeSource. */
export const fcSource: Rule = ({ targetWWNs = [], wwids = [], lun }, at) => {
  const names = `${at}.targetWWNs`
  if (targetWWNs.length === 0) {
    const detail = 'must specify either targetWWNs or wwids, but not both'
    return wwids.length === 0 ? [requiredError(names, detail)] : FINE
  }
  const faults: FieldError[] = []
  if (wwids.length > 0) {
    const detail = 'targetWWNs and wwids can not be specified simultaneously'
    faults.push(invalidValue(names, targetWWNs, detail))
  }
  if (lun === undefined) {
    faults.push(requiredError(`${at}.lun`, 'lun is required if targetWWNs is specified'))
  } else faults.push(...between(0, 255)(lun, `${at}.lun`))
  return faults
}

const isReservedOption = (name: string): boolean =>
  /\.(kubernetes|k8s)\.io$/.test(`.${name.split('/')[0]!.toLowerCase()}`)

/** A core/v1 FlexVolumeSource. */
export const flexSource: Rule = fields({
  driver: required(),
  options: (options: object, at) =>
    Object.keys(options)
      .filter(isReservedOption)
      .map(name => invalidValue(`${at}[${name}]`, name, 'kubernetes.io and k8s.io namespaces are reserved')),
})

/** The name of a CSI driver. */
export const csiDriverName: Rule<string | undefined> = always((value = '', at) => {
  const faults: FieldError[] = []
  if (value === '') faults.push(requiredError(at, ''))
  if (value.length > 63) {
    faults.push({ type: 'FieldValueTooLong', field: at, detail: 'may not be more than 63 bytes' })
  }
  return [...faults, ...isDns1123Subdomain(value.toLowerCase()).map(fault => invalidValue(at, value, fault))]
})

const needs = (...names: string[]): Rule => fields(Object.fromEntries(names.map(name => [name, required()])))

/** Sources that volumes of Pods and PersistentVolumes have in common. */
export const SHARED_SOURCES: Record<string, Rule> = {
  hostPath: hostPathSource,
  gcePersistentDisk: fields({ pdName: required(), partition: diskPartition }),
  awsElasticBlockStore: fields({ volumeID: required(), partition: diskPartition }),
  nfs: nfsSource,
  iscsi: iscsiSource,
  glusterfs: needs('endpoints', 'path'),
  rbd: needs('monitors', 'image'),
  quobyte: needs('registry', 'volume'),
  cephfs: needs('monitors'),
  flexVolume: flexSource,
  cinder: needs('volumeID'),
  fc: fcSource,
  flocker: must(
    source => Boolean(source.datasetName) !== Boolean(source.datasetUUID),
    'one of datasetName and datasetUUID is required',
  ),
  azureFile: needs('secretName', 'shareName'),
  vsphereVolume: needs('volumePath'),
  azureDisk: needs('diskName', 'diskURI'),
  photonPersistentDisk: needs('pdID'),
  portworxVolume: needs('volumeID'),
  scaleIO: needs('gateway', 'system', 'volumeName'),
  storageos: fields({ volumeName: required(label), volumeNamespace: label }),
}

const downwardSource: Rule = (source, at) =>
  collect(
    source.defaultMode !== undefined && fileMode(source.defaultMode, `${at}.defaultMode`),
    downwardFiles(source.items ?? [], at),
  )

const SOURCES: Record<string, Rule> = {
  emptyDir: ({ sizeLimit }, at) =>
    sizeLimit !== undefined && compareQuantity(sizeLimit, '0') < 0
      ? [forbiddenField(`${at}.sizeLimit`, 'SizeLimit field must be a valid resource quantity')]
      : FINE,
  ...SHARED_SOURCES,
  gitRepo: fields({ repository: required(), directory: descendingPath }),
  secret: fields({ secretName: required(), defaultMode: fileMode, items: keysToPaths }),
  persistentVolumeClaim: needs('claimName'),
  downwardAPI: downwardSource,
  configMap: fields({ name: required(), defaultMode: fileMode, items: keysToPaths }),
  projected: projectedSource,
  csi: fields({ driver: csiDriverName, nodePublishSecretRef: fields({ name: required(subdomain) }) }),
  ephemeral: fields({ volumeClaimTemplate: required(claimTemplate) }),
  image: fields({ pullPolicy: requiredOneOf('Always', 'IfNotPresent', 'Never') }),
}

/** What is wrong with a Pod's volumes. `podName` is known for Pods and not for templates. */
export function validateVolumes(
  volumes: readonly Volume[],
  at: string,
  podName: string | undefined,
  isPod = false,
): { faults: readonly FieldError[]; volumes: Volumes } {
  const sound = new Map<string, Volume>()
  const made = new Set(volumes.filter(({ ephemeral }) => ephemeral).map(({ name }) => `${podName}-${name}`))
  const faults = volumes.flatMap((volume, i) => {
    const place = `${at}[${i}]`
    const own = [...validateSource(volume, place, podName, isPod), ...nameFaults(volume.name, place, sound)]
    if (own.length === 0) sound.set(volume.name, volume)
    const claim = volume.persistentVolumeClaim?.claimName
    if (podName && claim && made.has(claim)) {
      const detail = 'must not reference a PVC that gets created for an ephemeral volume'
      own.push(invalidValue(`${place}.persistentVolumeClaim.claimName`, claim, detail))
    }
    return own
  })
  return { faults, volumes: sound }
}

function nameFaults(name: string, place: string, sound: Volumes): readonly FieldError[] {
  if (!name) return [requiredError(`${place}.name`, '')]
  return collect(label(name, `${place}.name`), sound.has(name) && [duplicateValue(`${place}.name`, name)])
}

/** The kinds of a volume's sources, in the order in which upstream looks at them. */
const ORDER = [
  ...['emptyDir', 'hostPath', 'gitRepo', 'gcePersistentDisk', 'awsElasticBlockStore', 'secret', 'nfs'],
  ...['iscsi', 'glusterfs', 'flocker', 'persistentVolumeClaim', 'rbd', 'cinder', 'cephfs', 'quobyte'],
  ...['downwardAPI', 'fc', 'flexVolume', 'configMap', 'azureFile', 'vsphereVolume', 'photonPersistentDisk'],
  ...['portworxVolume', 'azureDisk', 'storageos', 'projected', 'scaleIO', 'csi', 'ephemeral', 'image'],
]

function sourcesOf(volume: Volume): string[] {
  const given = Object.keys(volume).filter(type => SOURCES[type] && volume[type as keyof Volume])
  return given.length < 2 ? given : given.sort((a, b) => ORDER.indexOf(a) - ORDER.indexOf(b))
}

function validateSource(
  volume: Volume,
  place: string,
  podName: string | undefined,
  isPod: boolean,
): FieldError[] {
  const { name } = volume
  const [first, ...others] = sourcesOf(volume)
  if (!first) return [requiredError(place, 'must specify a volume type')]
  const source: any = volume[first as keyof Volume]
  const faults = [...SOURCES[first]!(source, `${place}.${first}`)]
  if (first === 'image' && isPod && !source.reference) {
    faults.unshift(requiredError(`${place}.image.reference`, ''))
  }
  for (const other of others) {
    faults.push(forbiddenField(`${place}.${other}`, 'may not specify more than 1 volume type'))
  }
  if (first === 'ephemeral' && podName && name) {
    const claim = `${podName}-${name}`
    for (const fault of isDns1123Subdomain(claim)) {
      faults.push(invalidValue(`${place}.name`, name, `PVC name ${JSON.stringify(claim)}: ${fault}`))
    }
  }
  return faults
}
