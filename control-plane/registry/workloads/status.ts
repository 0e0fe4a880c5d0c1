import { type FieldError, invalidValue } from '../../../api/meta/status.ts'
import { collect, FINE, fields, nonNegative, type Rule } from '../rules/check.ts'

const AT = 'status'

const counts = (...names: string[]): Rule =>
  fields(Object.fromEntries(names.map(name => [name, nonNegative])))

/** No more of the replicas can be ready than there are. */
function boundFaults(status: any, names: readonly string[], readyName: string): readonly FieldError[] {
  const { replicas = 0, readyReplicas = 0, availableReplicas = 0 } = status
  return collect(
    ...names.map(name =>
      (status[name] ?? 0) > replicas
        ? [invalidValue(`${AT}.${name}`, status[name], 'cannot be greater than status.replicas')]
        : FINE,
    ),
    availableReplicas > readyReplicas && [
      invalidValue(`${AT}.availableReplicas`, availableReplicas, `cannot be greater than ${readyName}`),
    ],
  )
}

/** How often names collided only grows. */
function collisionFaults(status: any, old: any): readonly FieldError[] {
  const [after, before] = [status.collisionCount, old.collisionCount]
  if (before === undefined || (after !== undefined && after >= before)) return FINE
  return [invalidValue(`${AT}.collisionCount`, after ?? 0, 'cannot be decremented')]
}

const ofDeployment = counts(
  'observedGeneration',
  'replicas',
  'updatedReplicas',
  'readyReplicas',
  'availableReplicas',
  'unavailableReplicas',
  'collisionCount',
)

export const deploymentStatusFaults = ({ status = {} }: any, old: any): readonly FieldError[] =>
  collect(
    ofDeployment(status, AT),
    boundFaults(status, ['updatedReplicas', 'readyReplicas', 'availableReplicas'], 'readyReplicas'),
    collisionFaults(status, old.status ?? {}),
  )

const ofSet = counts(
  'replicas',
  'readyReplicas',
  'currentReplicas',
  'updatedReplicas',
  'availableReplicas',
  'observedGeneration',
  'collisionCount',
)

export const statefulSetStatusFaults = ({ status = {} }: any, old: any): readonly FieldError[] =>
  collect(
    ofSet(status, AT),
    boundFaults(
      status,
      ['readyReplicas', 'currentReplicas', 'updatedReplicas', 'availableReplicas'],
      'status.readyReplicas',
    ),
    collisionFaults(status, old.status ?? {}),
  )

const ofDaemons = counts(
  'currentNumberScheduled',
  'numberMisscheduled',
  'desiredNumberScheduled',
  'numberReady',
  'observedGeneration',
  'updatedNumberScheduled',
  'numberAvailable',
  'numberUnavailable',
  'collisionCount',
)

export const daemonSetStatusFaults = ({ status = {} }: any, old: any): readonly FieldError[] =>
  collect(ofDaemons(status, AT), collisionFaults(status, old.status ?? {}))

export const autoscalerStatusFaults = ({ status = {} }: any): readonly FieldError[] =>
  counts('currentReplicas', 'desiredReplicas')(status, AT)
