import { resolve } from 'node:path'
import { takeDown } from '../../lab/down.ts'
import { UserError } from '../failure.ts'

/** `skiff down`: takes the lab of a data directory back. */
export async function down({ data, keepImages }: { data: string; keepImages: boolean }): Promise<void> {
  if (process.getuid?.() !== 0) throw new UserError('only root can take a lab back', 'Run it with sudo.')
  const lab = await takeDown(resolve(data), keepImages)
  console.log(lab ? `The cluster in ${lab.dataDir} is gone.` : `There is no cluster in ${resolve(data)}.`)
}
