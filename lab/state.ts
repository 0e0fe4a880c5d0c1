import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { LabOptionError, type LabOptions } from './options.ts'

const FILE = 'lab.json'

/** Folders of a lab's data directory beside those of its machines. */
export const dataDirs = ({ dataDir }: LabOptions): { images: string; server: string } => ({
  images: join(dataDir, 'images'),
  server: join(dataDir, 'control-plane', 'server'),
})

/** What the lab in a data directory was made with; undefined when there is none. */
export async function readLab(dataDir: string): Promise<LabOptions | undefined> {
  const text = await readFile(join(dataDir, FILE), 'utf8').catch(() => undefined)
  if (text === undefined) return undefined
  try {
    return JSON.parse(text)
  } catch (cause) {
    const hint = 'remove it if no lab runs there'
    throw new Error(`${join(dataDir, FILE)} is damaged (${(cause as Error).message}); ${hint}`, { cause })
  }
}

/** Records the options before anything is made, so that `down` finds all of it after any crash. */
export async function writeLab(options: LabOptions): Promise<void> {
  await mkdir(options.dataDir, { recursive: true })
  const path = join(options.dataDir, FILE)
  await writeFile(`${path}.new`, `${JSON.stringify(options, null, 2)}\n`)
  await rename(`${path}.new`, path)
}

/**
 * The lab that is there already, if it is the one wanted: it keeps its name and network; the number of workers may
 * change.
 */
export async function findLab(wanted: LabOptions): Promise<LabOptions | undefined> {
  const there = await readLab(wanted.dataDir)
  if (!there) return undefined
  for (const option of ['name', 'subnet'] as const) {
    if (wanted[option] === there[option]) continue
    throw new LabOptionError(
      `--${option} ${wanted[option]}: the lab in ${there.dataDir} was made with ${there[option]}; run \`skiff down --data ${there.dataDir}\` first`,
    )
  }
  return there
}
