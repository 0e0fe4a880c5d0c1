import { randomUUID } from 'node:crypto'
import { toTime } from '../../api/meta/time.ts'
import { loadCel } from '../cel/lazy.ts'
import { autoscalerStrategy } from './autoscaling/strategy.ts'
import { defaultAzureDisk, defaultRbd, defaultScaleIo } from './pod/defaults.ts'
import { fillTemplate } from './pod/template.ts'
import { dropOfClaim, dropOfClaimTemplate, dropOfClass, dropOfSlice } from './resource/disabled-fields.ts'
import { hasExpressions } from './resource/names.ts'
import { isSame } from './rules/check.ts'
import type { Strategy } from './strategy.ts'

/** Without generation and rules of its own. */
const plain: Strategy<any> = { hasGeneration: false }

/** Its changes are counted, though it has no status. */
const counted: Strategy<any> = { hasGeneration: true }

const podTemplate: Strategy<any> = {
  hasGeneration: true,
  defaults: podTemplate => fillTemplate(podTemplate),
}

const persistentVolume: Strategy<any> = {
  hasGeneration: false,
  defaults({ spec, status }) {
    spec.persistentVolumeReclaimPolicy ??= 'Retain'
    spec.volumeMode ??= 'Filesystem'
    if (spec.hostPath) spec.hostPath.type ??= ''
    if (spec.iscsi) spec.iscsi.iscsiInterface ||= 'default'
    if (spec.rbd) defaultRbd(spec.rbd)
    if (spec.azureDisk) defaultAzureDisk(spec.azureDisk)
    if (spec.scaleIO) defaultScaleIo(spec.scaleIO)
    if (status) status.phase ??= 'Pending'
  },
  prepareForCreate(volume, { now }) {
    volume.status = { phase: 'Pending', lastPhaseTransitionTime: toTime(now) }
  },
}

/** What a container may use at most is what it gets, and asks for, where nothing else is said. */
const limitRange: Strategy<any> = {
  hasGeneration: false,
  defaults({ spec }) {
    for (const item of spec.limits ?? []) {
      if (item.type !== 'Container') continue
      item.default = { ...item.max, ...item.default }
      item.defaultRequest = { ...item.min, ...item.default, ...item.defaultRequest }
    }
  },
  // As in no other kind, a name is optional.
  prepareForCreate({ metadata }) {
    metadata.name ||= randomUUID()
  },
}

const networkPolicy: Strategy<any> = {
  hasGeneration: true,
  defaults({ spec }) {
    for (const { ports } of [...(spec.ingress ?? []), ...(spec.egress ?? [])]) {
      for (const port of ports ?? []) port.protocol ??= 'TCP'
    }
    spec.policyTypes ??= spec.egress?.length ? ['Ingress', 'Egress'] : ['Ingress']
  },
}

const ingressClass: Strategy<any> = {
  hasGeneration: true,
  defaults({ spec }) {
    if (spec.parameters) spec.parameters.scope ??= 'Cluster'
  },
}

const priorityClass: Strategy<any> = {
  hasGeneration: false,
  defaults(priority) {
    priority.preemptionPolicy ??= 'PreemptLowerPriority'
  },
  // It stays the first: what a priority is worth does not change.
  prepareForCreate({ metadata }) {
    metadata.generation = 1
  },
}

const storageClass: Strategy<any> = {
  hasGeneration: false,
  defaults(storage) {
    storage.reclaimPolicy ??= 'Delete'
    storage.volumeBindingMode ??= 'Immediate'
  },
}

/** Behind MutableCSINodeAllocatableCount, which is off in v1.34. */
function dropUpdatePeriod({ spec }: any): void {
  if (spec.nodeAllocatableUpdatePeriodSeconds !== undefined) delete spec.nodeAllocatableUpdatePeriodSeconds
}

const csiDriver: Strategy<any> = {
  hasGeneration: false,
  prepareForCreate: dropUpdatePeriod,
  prepareForUpdate(driver, old) {
    dropUpdatePeriod(driver)
    // Changes are counted from nothing on: a new driver has no number.
    if (!isSame(driver.spec, old.spec)) driver.metadata.generation = (old.metadata.generation ?? 0) + 1
  },
  defaults({ spec }) {
    spec.attachRequired ??= true
    spec.podInfoOnMount ??= false
    spec.storageCapacity ??= false
    spec.fsGroupPolicy ??= 'ReadWriteOnceWithFSType'
    spec.requiresRepublish ??= false
    spec.seLinuxMount ??= false
    if (!spec.volumeLifecycleModes?.length) spec.volumeLifecycleModes = ['Persistent']
  },
}

const scopeRules = (rules: any[] | undefined): void => {
  for (const rule of rules ?? []) rule.scope ??= '*'
}

function defaultMatching(resources: any): void {
  resources.matchPolicy ??= 'Equivalent'
  resources.namespaceSelector ??= {}
  resources.objectSelector ??= {}
}

const webhooks = (more: object): Strategy<any> => ({
  hasGeneration: true,
  load: ({ webhooks = [] }) =>
    webhooks.some(({ matchConditions }: any) => matchConditions?.length > 0) ? loadCel() : undefined,
  defaults(configuration) {
    for (const webhook of configuration.webhooks ?? []) {
      for (const [field, value] of Object.entries({ failurePolicy: 'Fail', timeoutSeconds: 10, ...more })) {
        webhook[field] ??= value
      }
      defaultMatching(webhook)
      scopeRules(webhook.rules)
      if (webhook.clientConfig?.service) webhook.clientConfig.service.port ??= 443
    }
  },
})

const admissionPolicy: Strategy<any> = {
  load: loadCel,
  defaults({ spec }) {
    spec.failurePolicy ??= 'Fail'
    defaultConstraints(spec.matchConstraints)
  },
}

const admissionPolicyBinding: Strategy<any> = {
  hasGeneration: true,
  defaults({ spec }) {
    defaultConstraints(spec.matchResources)
  },
}

function defaultConstraints(resources: any): void {
  if (!resources) return
  defaultMatching(resources)
  scopeRules(resources.resourceRules)
  scopeRules(resources.excludeResourceRules)
}

const flowSchema: Strategy<any> = {
  defaults({ spec }) {
    spec.matchingPrecedence ??= 1000
  },
}

const priorityLevel: Strategy<any> = {
  defaults({ spec: { limited, exempt } }) {
    if (exempt) {
      exempt.nominalConcurrencyShares ??= 0
      exempt.lendablePercent ??= 0
    }
    if (!limited) return
    limited.nominalConcurrencyShares ??= 30
    limited.lendablePercent ??= 0
    const { queuing } = limited.limitResponse ?? {}
    if (queuing) Object.assign(queuing, { queues: 64, handSize: 8, queueLengthLimit: 50, ...queuing })
  },
}

function defaultDevices({ devices }: any = {}): void {
  for (const { exactly, firstAvailable = [] } of devices?.requests ?? []) {
    for (const request of [...(exactly ? [exactly] : []), ...firstAvailable]) {
      request.allocationMode ||= 'ExactCount'
      if (request.allocationMode === 'ExactCount') request.count ||= 1
      for (const toleration of request.tolerations ?? []) toleration.operator ??= 'Equal'
    }
  }
}

/** Expressions that choose devices are compiled when they are written. */
const loadForDevices = ({ spec }: any): Promise<void> | undefined =>
  hasExpressions(spec) ? loadCel() : undefined

const resourceClaim: Strategy<any> = {
  hasGeneration: false,
  prepareForCreate: dropOfClaim,
  prepareForUpdate: dropOfClaim,
  load: loadForDevices,
  defaults: ({ spec }) => defaultDevices(spec),
}

const resourceClaimTemplate: Strategy<any> = {
  hasGeneration: false,
  prepareForCreate: dropOfClaimTemplate,
  prepareForUpdate: dropOfClaimTemplate,
  load: loadForDevices,
  defaults: ({ spec }) => defaultDevices(spec?.spec),
}

const deviceClass: Strategy<any> = {
  ...counted,
  prepareForCreate: dropOfClass,
  prepareForUpdate: dropOfClass,
  load: loadForDevices,
}

const resourceSlice: Strategy<any> = {
  ...counted,
  prepareForCreate: dropOfSlice,
  prepareForUpdate: dropOfSlice,
}

/** Kinds whose objects are filled in by a few defaults, by `plural` or `plural.group`. */
export const defaultStrategies: Record<string, Strategy<any>> = {
  podtemplates: podTemplate,
  persistentvolumes: persistentVolume,
  limitranges: limitRange,
  resourcequotas: plain,
  'controllerrevisions.apps': plain,
  'horizontalpodautoscalers.autoscaling': autoscalerStrategy,
  'networkpolicies.networking.k8s.io': networkPolicy,
  'ingressclasses.networking.k8s.io': ingressClass,
  'servicecidrs.networking.k8s.io': plain,
  'ipaddresses.networking.k8s.io': { ...plain, nameRule: 'any' },
  'priorityclasses.scheduling.k8s.io': priorityClass,
  'storageclasses.storage.k8s.io': storageClass,
  'csidrivers.storage.k8s.io': csiDriver,
  'volumeattachments.storage.k8s.io': plain,
  'mutatingwebhookconfigurations.admissionregistration.k8s.io': webhooks({ reinvocationPolicy: 'Never' }),
  'validatingwebhookconfigurations.admissionregistration.k8s.io': webhooks({}),
  'validatingadmissionpolicies.admissionregistration.k8s.io': admissionPolicy,
  'validatingadmissionpolicybindings.admissionregistration.k8s.io': admissionPolicyBinding,
  'flowschemas.flowcontrol.apiserver.k8s.io': flowSchema,
  'prioritylevelconfigurations.flowcontrol.apiserver.k8s.io': priorityLevel,
  'deviceclasses.resource.k8s.io': deviceClass,
  'resourceclaims.resource.k8s.io': resourceClaim,
  'resourceclaimtemplates.resource.k8s.io': resourceClaimTemplate,
  'resourceslices.resource.k8s.io': resourceSlice,
}
