import { stat } from 'node:fs/promises'
import type { Volume } from '../../../api/kinds/types.ts'
import type { VolumePlugin } from '../../../plugins/volume.ts'
import { giveToGroup } from './ownership.ts'

const localOf = (volume: Volume): { path: string } | undefined =>
  (volume as { local?: { path: string } }).local

/** PersistentVolumes of type local: a folder of this node that outlives Pods. It is used where it is. */
export const localVolumes: VolumePlugin = {
  name: 'kubernetes.io/local-volume',
  canSupport: volume => Boolean(localOf(volume)),
  async mount({ pod, volume, persistentVolume }) {
    if (persistentVolume?.spec.volumeMode === 'Block') {
      throw new Error('volumes of raw blocks are not supported on this node')
    }
    const { path } = localOf(volume)!
    if (!(await stat(path).catch(() => undefined))) throw new Error(`path "${path}" does not exist`)
    await giveToGroup(path, pod)
    return { hostPath: path }
  },
}
