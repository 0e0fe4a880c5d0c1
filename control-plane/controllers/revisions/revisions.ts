import { isDeepStrictEqual } from 'node:util'
import type { Client, Informer } from '../../../api/client/client.ts'
import { controllerRevisions } from '../../../api/kinds/apps.ts'
import type { KindDeclaration } from '../../../api/kinds/kind.ts'
import type { ControllerRevision, PodTemplateSpec } from '../../../api/kinds/types.ts'
import type { ApiObject } from '../../../api/meta/object.ts'
import { isMap } from '../../../api/meta/patch/own.ts'
import { isAlreadyExists, isNotFound } from '../../../api/meta/status.ts'
import { claim } from '../claim.ts'
import { templateHash } from '../deployment/template-hash.ts'
import { controllerRef } from '../owner.ts'

/** Label by which a Pod says of which revision it is. */
export const REVISION_LABEL = 'controller-revision-hash'
const HASH_LABEL = 'controller.kubernetes.io/hash'

/** Owners whose templates are kept as ControllerRevisions: DaemonSets and StatefulSets. */
export interface RevisionOptions<Owner extends ApiObject> {
  client: Client
  owners: KindDeclaration<Owner>
  cache: Informer<ControllerRevision>
  /** Label of the revision itself that holds its hash. */
  label: typeof REVISION_LABEL | typeof HASH_LABEL
}

/** The revisions of an owner as one pass sees them. */
export interface Revisions {
  /** All of them, oldest first. */
  all: ControllerRevision[]
  /** That of the present template. */
  update: ControllerRevision
  collisionCount: number
}

type Owner = ApiObject

/** Finds or makes the revision of an owner's present template. One that comes back is the newest again. */
export async function syncRevisions<T extends Owner>(
  options: RevisionOptions<T>,
  owner: T,
): Promise<Revisions> {
  const { client, owners, cache } = options
  const claimed = await claim({ client, owners, owned: controllerRevisions, cache }, owner)
  const all = claimed.sort((a, b) => a.revision - b.revision)
  const next = (all.at(-1)?.revision ?? 0) + 1
  const collisionCount = owner.status?.collisionCount ?? 0
  const equal = all.findLast(({ data }) => isDeepStrictEqual(data, templatePatch(owner.spec.template)))
  if (!equal) {
    const made = await createRevision(options, owner, next, collisionCount)
    return { all: [...all, made.update], ...made }
  }
  if (equal.revision === next - 1) return { all, update: equal, collisionCount }
  const body = { revision: next }
  const update = await client.patch(controllerRevisions, equal.metadata, { type: 'merge', body })
  return { all: [...all.filter(revision => revision !== equal), update], update, collisionCount }
}

/** The patch that brings a template back: the form `kubectl rollout undo` sends. Clients compare it byte for byte. */
const templatePatch = (template: PodTemplateSpec): ControllerRevision['data'] =>
  JSON.parse(JSON.stringify({ spec: { template: { ...template, $patch: 'replace' } } }, inOrder))

/** Keys in the order in which Go writes them. */
const inOrder = (_key: string, value: unknown): unknown =>
  isMap(value) ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))) : value

/** The Pod template a revision stands for. */
export function templateOf({ data }: ControllerRevision): PodTemplateSpec {
  const { $patch: _, ...template } = (data as any).spec.template
  return template
}

async function createRevision<T extends Owner>(
  { client, owners, label }: RevisionOptions<T>,
  owner: T,
  revision: number,
  collisions: number,
): Promise<{ update: ControllerRevision; collisionCount: number }> {
  const { template } = owner.spec
  const { annotations } = owner.metadata
  const data = templatePatch(template)
  for (let collisionCount = collisions; ; collisionCount++) {
    const hash = templateHash(template, collisionCount)
    const metadata = {
      name: `${owner.metadata.name}-${hash}`,
      namespace: owner.metadata.namespace!,
      labels: { ...template.metadata?.labels, [label]: hash },
      ...(annotations && { annotations }),
      ownerReferences: [controllerRef(owners, owner)],
    }
    const body = { apiVersion: 'apps/v1', kind: 'ControllerRevision', metadata, data, revision }
    try {
      return { update: await client.create(controllerRevisions, body as never), collisionCount }
    } catch (error) {
      if (!isAlreadyExists(error)) throw error
      const there = await client.get(controllerRevisions, metadata)
      if (isDeepStrictEqual(there.data, data)) return { update: there, collisionCount }
    }
  }
}

/** Removes the oldest revisions beyond the owner's limit; those in use stay. */
export async function truncateRevisions(
  client: Client,
  owner: Owner,
  { all }: Revisions,
  isInUse: (revision: ControllerRevision) => boolean,
): Promise<void> {
  const limit = owner.spec.revisionHistoryLimit ?? 10
  const unused = all.filter(revision => !isInUse(revision))
  for (const { metadata } of unused.slice(0, Math.max(0, unused.length - limit))) {
    await client.delete(controllerRevisions, metadata).catch(error => {
      if (!isNotFound(error)) throw error
    })
  }
}

/** The hash of a revision, as its Pods carry it. */
export const hashOf = ({ metadata }: ControllerRevision): string =>
  metadata.labels?.[REVISION_LABEL] ?? metadata.labels?.[HASH_LABEL] ?? ''
