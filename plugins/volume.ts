import type { PersistentVolume, Pod, Volume } from '../api/kinds/types.ts'

/** One volume of one Pod that is to be made. */
export interface VolumeRequest {
  pod: Pod
  /** As in the Pod's spec; for a claim, the name there with the source of the PersistentVolume (`local`, `csi` …). */
  volume: Volume
  /** A directory of this volume's own, below the Pod's; it is there and empty the first time. */
  directory: string
  /** What a claim led to. */
  persistentVolume?: PersistentVolume
}

/** Where a volume is on the node. */
export interface MountedVolume {
  hostPath: string
  /** Containers get it read-only, whatever they asked for. */
  readOnly?: boolean
  /** Milliseconds after which `mount` is to be called again: what the volume is made of runs out. */
  refreshAfter?: number
}

/** An object of the API that a volume is made from. */
export interface VolumeSource {
  kind: 'ConfigMap' | 'Secret'
  namespace: string
  name: string
}

/**
 * The seam to kinds of volumes. A volume goes to the first plugin whose `canSupport` says yes; plugins of users are asked
 * before the built-in ones. Claims are resolved before: plugins see the source their PersistentVolume names.
 */
export interface VolumePlugin {
  /** Qualified, as `example.com/scratch`: it names the folder of this plugin's volumes. */
  readonly name: string
  canSupport(volume: Volume): boolean
  /**
   * Makes the volume and returns where it is. Called before the Pod's first container, and again after a restart of the
   * agent and whenever something it is made from may have changed; what is there already must stay. Never called twice at
   * once for the same volume. Throw an Error whose message a user can read: it becomes a FailedMount event, and is tried
   * again.
   */
  mount(request: VolumeRequest): Promise<MountedVolume>
  /**
   * Gives back what `mount` took beyond the files in `directory`, which are removed afterwards. Called once the Pod's
   * containers are gone, also for volumes of an earlier run of the agent; must succeed when nothing is left to do.
   */
  unmount?(request: { podUid: string; volumeName: string; directory: string }): Promise<void>
  /** What the volume is made from: `mount` is called again when one of these changes. */
  sources?(request: Pick<VolumeRequest, 'pod' | 'volume'>): VolumeSource[]
  /** True for a volume that shows the Pod's own metadata: `mount` is called again when the Pod changes. */
  showsPod?(volume: Volume): boolean
}
