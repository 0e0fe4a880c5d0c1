import { isDeepStrictEqual } from 'node:util'
import type { Controller } from '../../../api/client/controller.ts'
import { horizontalPodAutoscalers } from '../../../api/kinds/autoscaling.ts'
import { pods } from '../../../api/kinds/core.ts'
import type { ApiObject } from '../../../api/meta/object.ts'
import { parseLabelSelector } from '../../../api/meta/selectors.ts'
import { now as timeNow } from '../../../api/meta/time.ts'
import type { ControllerContext } from '../context.ts'
import { limit, type Past, stabilize } from './behavior.ts'
import { type Measured, MetricError, measure } from './measure.ts'
import { ScaleTargets } from './target.ts'

/** Time between two looks. Milliseconds, upstream's figure. */
const PERIOD = 15_000
/** Longest time a policy or a window can look back: what is older is forgotten. Milliseconds. */
const MEMORY = 3_600_000
const NAMESPACE = 'namespace'

type Say = (type: string, status: 'True' | 'False', reason: string, message: string) => void

/** Sizes what can be scaled by how much it is used. */
export function autoscalerController(
  { client, informers, recorder }: ControllerContext,
  period = PERIOD,
): Controller {
  const cache = informers.informer(horizontalPodAutoscalers)
  const podCache = informers.informer(pods)
  const targets = new ScaleTargets(client)
  const pasts = new Map<string, Past>()
  podCache.addIndex(NAMESPACE, ({ metadata }) => [metadata.namespace!])
  return {
    name: 'horizontal-pod-autoscaler',
    watches: [
      {
        kind: horizontalPodAutoscalers,
        keys: (object, old) =>
          old && isDeepStrictEqual(object.spec, old.spec)
            ? []
            : [`${object.metadata.namespace}/${object.metadata.name}`],
      },
      { kind: pods, keys: () => [] },
    ],
    async reconcile(key) {
      const autoscaler = cache.get(key)
      if (!autoscaler) return void pasts.delete(key)
      const past = pasts.get(key) ?? { recommendations: [], changes: [] }
      pasts.set(key, past)
      await sync(autoscaler, past)
      return { requeueAfter: period }
    },
  }

  async function sync(autoscaler: ApiObject, past: Past): Promise<void> {
    const status = structuredClone(autoscaler.status ?? {})
    const say: Say = (type, value, reason, message) => setCondition(status, type, value, reason, message)
    try {
      await resize(autoscaler, status, past, say)
    } catch (error) {
      const reason = error instanceof MetricError ? 'FailedComputeMetricsReplicas' : 'FailedGetScale'
      if (reason === 'FailedGetScale') {
        say(
          'AbleToScale',
          'False',
          reason,
          `the HPA controller was unable to get the target's current scale: ${(error as Error).message}`,
        )
      }
      recorder.event(autoscaler, 'Warning', reason, (error as Error).message)
    }
    if (isDeepStrictEqual(status, autoscaler.status)) return
    await client.update(
      horizontalPodAutoscalers,
      { ...autoscaler, status: { desiredReplicas: 0, ...status } } as ApiObject,
      { subresource: 'status' },
    )
  }

  async function resize(autoscaler: ApiObject, status: any, past: Past, say: Say): Promise<void> {
    const { spec, metadata } = autoscaler
    const namespace = metadata.namespace!
    const scale = await targets.get(namespace, spec.scaleTargetRef)
    const current: number = scale.spec.replicas ?? 0
    say(
      'AbleToScale',
      'True',
      'SucceededGetScale',
      "the HPA controller was able to get the target's current scale",
    )
    status.currentReplicas = scale.status?.replicas ?? 0
    const { replicas, why } = await wantedSize(autoscaler, scale, current, status, past, say)
    status.desiredReplicas = replicas
    if (replicas === current) return
    await targets.resize(namespace, spec.scaleTargetRef, scale, replicas)
    past.changes.push({ by: replicas - current, at: Date.now() })
    status.lastScaleTime = timeNow()
    const done = `the HPA controller was able to update the target scale to ${replicas}`
    say('AbleToScale', 'True', 'SucceededRescale', done)
    recorder.event(autoscaler, 'Normal', 'SuccessfulRescale', `New size: ${replicas}; reason: ${why}`)
  }

  async function wantedSize(
    autoscaler: ApiObject,
    scale: ApiObject,
    current: number,
    status: any,
    past: Past,
    say: Say,
  ): Promise<{ replicas: number; why: string }> {
    const { minReplicas: min = 1, maxReplicas: max, behavior = {} } = autoscaler.spec
    if (current === 0 && min !== 0) {
      const message = 'scaling is disabled since the replica count of the target is zero'
      say('ScalingActive', 'False', 'ScalingDisabled', message)
      return { replicas: 0, why: '' }
    }
    if (current > max) return { replicas: max, why: 'Current number of replicas above Spec.MaxReplicas' }
    if (current < min) return { replicas: min, why: 'Current number of replicas below Spec.MinReplicas' }
    const found = await highest(autoscaler, scale, current, status, say)
    const time = Date.now()
    forgetOld(past, time)
    const stable = stabilize(behavior, past, current, found.replicas, time)
    past.recommendations.push({ replicas: found.replicas, at: time })
    if (stable.isHeld) {
      const message =
        'recent recommendations were higher than current one, applying the highest recent recommendation'
      say('AbleToScale', 'True', 'ScaleDownStabilized', message)
    } else say('AbleToScale', 'True', 'ReadyForNewScale', 'recommended size matches current size')
    const { replicas, limit: bound } = limit(behavior, past, current, stable.replicas, { min, max }, time)
    if (bound) say('ScalingLimited', 'True', bound.reason, bound.message)
    else {
      const message = 'the desired count is within the acceptable range'
      say('ScalingLimited', 'False', 'DesiredWithinRange', message)
    }
    const why = replicas > current ? `${found.name} above target` : 'All metrics below target'
    return { replicas, why }
  }

  /** The metric that asks for the most Pods. One that cannot be read keeps the others from asking for fewer. */
  async function highest(
    autoscaler: ApiObject,
    scale: ApiObject,
    current: number,
    status: any,
    say: Say,
  ): Promise<Measured> {
    const { metrics } = autoscaler.spec
    const namespace = autoscaler.metadata.namespace!
    const selector = scale.status?.selector ?? ''
    const selected = parseLabelSelector(selector)
    const own = podCache.byIndex(NAMESPACE, namespace).filter(pod => selected.matches(pod.metadata.labels))
    const measuring = { client, targets, namespace, pods: own, selector, current }
    const results = await Promise.allSettled(metrics.map((metric: any) => measure(measuring, metric)))
    const measured = results.flatMap(result =>
      result.status === 'fulfilled' ? [result.value as Measured] : [],
    )
    const failed = results.flatMap(result =>
      result.status === 'rejected' ? [result.reason as MetricError] : [],
    )
    status.currentMetrics = measured.map(each => each.status)
    const best = measured.sort((a, b) => b.replicas - a.replicas)[0]
    for (const { reason, message } of failed) recorder.event(autoscaler, 'Warning', reason, message)
    if (!best || (failed.length > 0 && best.replicas < current)) {
      const { reason, message } = failed[0]!
      say('ScalingActive', 'False', reason, `the HPA was unable to compute the replica count: ${message}`)
      throw new MetricError(
        reason,
        `invalid metrics (${failed.length} invalid out of ${metrics.length}), first error is: ${message}`,
      )
    }
    const message = `the HPA was able to successfully calculate a replica count from ${best.name}`
    say('ScalingActive', 'True', 'ValidMetricFound', message)
    return best
  }
}

function forgetOld(past: Past, now: number): void {
  past.recommendations = past.recommendations.filter(({ at }) => at > now - MEMORY)
  past.changes = past.changes.filter(({ at }) => at > now - MEMORY)
}

function setCondition(status: any, type: string, value: string, reason: string, message: string): void {
  const conditions: any[] = status.conditions ?? []
  const old = conditions.find(condition => condition.type === type)
  const lastTransitionTime = old?.status === value ? old.lastTransitionTime : timeNow()
  const next = { type, status: value, lastTransitionTime, reason, message }
  status.conditions = old ? conditions.map(each => (each === old ? next : each)) : [...conditions, next]
}
