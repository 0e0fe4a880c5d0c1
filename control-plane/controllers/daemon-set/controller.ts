import { isDeepStrictEqual } from 'node:util'
import type { Controller, ReconcileResult } from '../../../api/client/controller.ts'
import { createExpectations } from '../../../api/client/expectations.ts'
import { controllerRevisions, daemonSets } from '../../../api/kinds/apps.ts'
import { nodes, pods } from '../../../api/kinds/core.ts'
import type { DaemonSet, Pod } from '../../../api/kinds/types.ts'
import { objectKey } from '../../../api/meta/object.ts'
import { adopters, claim } from '../claim.ts'
import type { ControllerContext } from '../context.ts'
import { indexByController, ownerKey } from '../owner.ts'
import { createPodControl } from '../pod-control.ts'
import { hashOf, REVISION_LABEL, syncRevisions, truncateRevisions } from '../revisions/revisions.ts'
import { nodeOf, placementOn } from './placement.ts'
import { type NodePods, type Plan, planPlacement, planRollout } from './plan.ts'
import { daemonPod, isOfRevision } from './pods.ts'
import { daemonSetStatus, nextAvailableIn, written } from './status.ts'

/** Most Pods made or deleted in one pass. */
const BURST = 250
/** Pause before a Pod that failed is replaced on its node: doubled each time, up to the longest. Milliseconds. */
const FIRST_BACKOFF = 1_000
const LONGEST_BACKOFF = 900_000

/** Keeps a Pod of a template on every node that should have one. */
export function daemonSetController({ client, informers, recorder }: ControllerContext): Controller {
  const cache = informers.informer(daemonSets)
  const podCache = informers.informer(pods)
  const nodeCache = informers.informer(nodes)
  const revisionCache = informers.informer(controllerRevisions)
  const expectations = createExpectations()
  const control = createPodControl({ client, recorder, owners: daemonSets, expectations })
  const failures = new Map<string, { count: number; at: number }>()
  const revisionOptions = { client, owners: daemonSets, cache: revisionCache, label: REVISION_LABEL } as const
  indexByController(podCache)
  indexByController(revisionCache)
  control.observe(podCache)
  return {
    name: 'daemonset',
    watches: [
      { kind: daemonSets },
      {
        kind: pods,
        keys: (pod, old) => [
          ...ownerKey(daemonSets, pod),
          ...(old ? ownerKey(daemonSets, old) : []),
          ...adopters(cache, pod),
        ],
      },
      { kind: nodes, keys: (node, old) => (isOldNews(node, old) ? [] : cache.list().map(objectKey)) },
      { kind: controllerRevisions, keys: revision => ownerKey(daemonSets, revision) },
    ],
    async reconcile(key) {
      const set = cache.get(key)
      if (!set) return forget(key)
      if (set.metadata.deletionTimestamp) return
      const owned = await claim({ client, owners: daemonSets, owned: pods, cache: podCache }, set)
      const revisions = await syncRevisions(revisionOptions, set)
      const hash = hashOf(revisions.update)
      const view = viewOf(set, owned)
      const wait = expectations.isSatisfied(key) ? await work(key, set, view, hash) : undefined
      await truncateRevisions(
        client,
        set,
        revisions,
        revision => revision === revisions.update || owned.some(pod => isOfRevision(pod, hashOf(revision))),
      )
      await writeStatus(set, view, hash, revisions.collisionCount)
      const next = Math.min(wait ?? Infinity, nextAvailableIn(set, owned, Date.now()) ?? Infinity)
      return Number.isFinite(next) ? ({ requeueAfter: next } satisfies ReconcileResult) : undefined
    },
  }

  function forget(key: string): void {
    expectations.forget(key)
    for (const id of failures.keys()) if (id.startsWith(`${key}/`)) failures.delete(id)
  }

  /** Every node with the set's Pods on it; Pods whose node is gone are not ours to look after. */
  function viewOf(set: DaemonSet, owned: Pod[]): NodePods[] {
    const byNode = Map.groupBy(owned, nodeOf)
    return nodeCache.list().map(node => ({
      name: node.metadata.name,
      placement: placementOn(set, node),
      pods: byNode.get(node.metadata.name) ?? [],
    }))
  }

  /** Makes and deletes Pods; milliseconds until one that failed may be replaced. */
  async function work(
    key: string,
    set: DaemonSet,
    view: NodePods[],
    hash: string,
  ): Promise<number | undefined> {
    const placed = planPlacement(set, view, hash)
    const isRolling = set.spec.updateStrategy?.type !== 'OnDelete'
    const isPlaced = placed.create.length + placed.remove.length + placed.ended.length === 0
    const plan: Plan = isRolling && isPlaced ? planRollout(set, view, hash, Date.now()) : placed
    const { due, wait } = withBackoff(set, plan.ended)
    const doomed = [...new Set([...plan.remove, ...due])].slice(0, BURST)
    const bodies = plan.create.slice(0, BURST).map(nodeName => daemonPod(set, nodeName, hash))
    if (doomed.length > 0) await control.delete(key, set, doomed)
    else if (bodies.length > 0) await control.createAll(key, set, bodies)
    return wait
  }

  /** Which Pods that ended may be taken away now, so that others take their place. */
  function withBackoff(set: DaemonSet, ended: Pod[]): { due: Pod[]; wait: number | undefined } {
    const due: Pod[] = []
    let wait: number | undefined
    for (const pod of ended) {
      const id = `${objectKey(set)}/${nodeOf(pod)}`
      const { count, at } = failures.get(id) ?? { count: 0, at: 0 }
      const left = at + (count && Math.min(FIRST_BACKOFF * 2 ** (count - 1), LONGEST_BACKOFF)) - Date.now()
      if (pod.status?.phase === 'Failed' && left > 0) {
        wait = Math.min(wait ?? left, left)
        continue
      }
      if (pod.status?.phase === 'Failed') failures.set(id, { count: count + 1, at: Date.now() })
      tellEnd(set, pod)
      due.push(pod)
    }
    return { due, wait }
  }

  function tellEnd(set: DaemonSet, pod: Pod): void {
    const { namespace, name } = pod.metadata
    const where = `daemon pod ${namespace}/${name} on node ${nodeOf(pod)}`
    if (pod.status?.phase === 'Failed') {
      recorder.event(set, 'Warning', 'FailedDaemonPod', `Found failed ${where}, will try to kill it`)
    } else {
      recorder.event(set, 'Normal', 'SucceededDaemonPod', `Found succeeded ${where}, will try to delete it`)
    }
  }

  async function writeStatus(set: DaemonSet, view: NodePods[], hash: string, collisions: number) {
    const status = daemonSetStatus(set, view, hash, collisions, Date.now())
    if (isDeepStrictEqual(status, set.status)) return
    const body = { status: written(status) }
    await client.patch(daemonSets, set.metadata, { type: 'merge', body }, { subresource: 'status' })
  }
}

/** Heartbeats of nodes place no Pods. */
function isOldNews(node: any, old: any): boolean {
  if (!old) return false
  const facts = ({ metadata, spec }: any) => [metadata.labels, spec, metadata.deletionTimestamp]
  return isDeepStrictEqual(facts(node), facts(old))
}
