import type { Client } from '../../../api/client/client.ts'
import type { Pod } from '../../../api/kinds/types.ts'
import type { Logger } from '../../../plugins/plugin.ts'
import type { VolumePlugin } from '../../../plugins/volume.ts'
import type { PodFacts } from '../env/field-ref.ts'
import type { ObjectReader } from './objects.ts'

export interface VolumeManagerOptions {
  client: Client
  /** Everything of Pods' volumes is kept below. */
  dataDir: string
  nodeName: string
  clusterDomain: string
  objects: ObjectReader
  facts(pod: Pod): PodFacts
  /** Asked before the built-in ones. */
  plugins: VolumePlugin[]
  log: Logger
  /** Ends watches and timers; what is mounted stays for the containers that go on. */
  signal: AbortSignal
  /** A volume of a running Pod could not be brought up to date; the message is the one of a FailedMount event. */
  onFailure?(pod: Pod, message: string): void
}
