import { POD_UID } from '../containers/labels.ts'
import { podCgroups, removePodCgroup } from './cgroups.ts'
import type { PodContext } from './context.ts'

/** Clears away what an earlier agent left of Pods that are no longer: sandboxes with containers, volumes, cgroups. */
export async function removeOrphans(context: PodContext, isWanted: (uid: string) => boolean): Promise<void> {
  const { runtime, volumes, log } = context
  const sandboxes = (await runtime.listPodSandbox()).filter(({ labels }) => !isWanted(labels[POD_UID] ?? ''))
  await Promise.all(
    sandboxes.map(async ({ id, metadata }) => {
      log.info(
        { pod: `${metadata.namespace}/${metadata.name}` },
        'removing the sandbox of a Pod that is gone',
      )
      await runtime.stopPodSandbox(id)
      await runtime.removePodSandbox(id)
    }),
  )
  const stale = (await volumes.pods()).filter(uid => !isWanted(uid))
  await Promise.all(stale.map(uid => volumes.unmount(uid)))
  for (const [uid, path] of await podCgroups()) if (!isWanted(uid)) await removePodCgroup(path)
}
