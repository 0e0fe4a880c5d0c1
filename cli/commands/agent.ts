import { startAgent } from '../../node/agent/agent.ts'
import { readNodeConfiguration } from '../../node/agent/config.ts'
import { returnIdleMemory } from '../idle-memory.ts'
import { createLog } from '../log.ts'
import { lockDataDir } from '../server/data-lock.ts'
import { stopSignal } from '../signal.ts'

/** `skiff agent`: runs a node until it is told to stop. Containers go on running. */
export async function agent({ config }: { config: string }): Promise<void> {
  const configuration = await readNodeConfiguration(config)
  await lockDataDir(configuration.dataDir, 'agent')
  returnIdleMemory()
  await startAgent(configuration, createLog('agent'), stopSignal())
  process.exit()
}
