import type { Pod, Volume } from '../api/kinds/types.ts'

/** One volume of one Pod that is to be made. */
export interface VolumeRequest {
  pod: Pod
  volume: Volume
  /** A directory of this volume's own, below the Pod's; it is there and empty the first time. */
  directory: string
}

/** Where a volume is on the node. */
export interface MountedVolume {
  hostPath: string
  readOnly?: boolean
}

/**
 * The seam to kinds of volumes. The first plugin whose `supports` says yes gets the volume.
 */
export interface VolumePlugin {
  readonly name: string
  supports(volume: Volume): boolean
  /**
   * Makes the volume and returns where it is. Called before the Pod's first container and again whenever something it is
   * made from may have changed; what is there already must stay. Throw an Error whose message a user can read: it becomes
   * a FailedMount event, and is tried again.
   */
  mount(request: VolumeRequest): Promise<MountedVolume>
  /**
   * Gives back what `mount` took beyond the files in `directory`, which are removed afterwards. Called once the Pod's
   * containers are gone, also for volumes of an earlier run of the agent; must succeed when nothing is left to do.
   */
  unmount?(request: { podUid: string; volumeName: string; directory: string }): Promise<void>
}
