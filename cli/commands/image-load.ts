import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { importImage } from '../../lab/containerd.ts'
import { findMachine } from '../../lab/machine.ts'
import { machineSpecs } from '../../lab/options.ts'
import { readLab } from '../../lab/state.ts'
import { UserError } from '../failure.ts'

/** `skiff image load`: imports an archive into every worker, or just one. */
export async function imageLoad(
  file: string,
  { data, node }: { data: string; node?: string },
): Promise<void> {
  const archive = resolve(file)
  if (!existsSync(archive))
    throw new UserError(`there is no file ${archive}`, 'Give a tar of an OCI layout or a docker-archive.')
  const options = await readLab(resolve(data))
  if (!options)
    throw new UserError(`there is no cluster in ${resolve(data)}`, 'Run `npm run up` to make one.')
  const workers = machineSpecs(options).filter(
    ({ role, name }) => role === 'worker' && (!node || name === node),
  )
  if (workers.length === 0)
    throw new UserError(`--node ${node}: no worker of this name`, 'See `skiff status`.')
  await Promise.all(
    workers.map(async spec => {
      const machine = await findMachine(spec)
      if (!machine) throw new UserError(`${spec.name} is off`, 'Run `skiff up` to mend the cluster.')
      await importImage(machine, archive)
      console.log(`${spec.name}: loaded ${file}`)
    }),
  )
}
