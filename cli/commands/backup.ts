import { open, rename, rm, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { encodeBackup } from '../../control-plane/store/backup/format.ts'
import { takeBackup } from '../../control-plane/store/backup/take.ts'
import { UserError } from '../failure.ts'
import { createLog } from '../log.ts'
import { type StoreLocation, withStore } from '../server/reach-store.ts'

/** `skiff backup FILE`: all that the store holds at one moment, written to a file that is whole or not there. */
export async function backup(file: string, options: StoreLocation & { force: boolean }): Promise<void> {
  const isThere = await stat(file).then(
    () => true,
    () => false,
  )
  if (isThere && !options.force)
    throw new UserError(`${file} is there already`, 'Give another name, or --force.')
  const taken = await withStore(options, false, createLog('backup'), takeBackup)
  const content = encodeBackup(taken)
  await writeWhole(file, content)
  const documents = taken.types.reduce((sum, type) => sum + type.documents.size, 0)
  console.log(`${file}: ${documents} objects of ${taken.types.length} types, ${content.length} bytes`)
}

/** Under another name until it is on disk. It may hold Secrets: only its owner may read it. */
async function writeWhole(file: string, content: Buffer): Promise<void> {
  const temporary = `${file}.${process.pid}.part`
  try {
    const handle = await open(temporary, 'w', 0o600)
    try {
      await handle.writeFile(content)
      await handle.sync()
    } finally {
      await handle.close()
    }
    await rename(temporary, file)
    await syncDirectory(dirname(file))
  } catch (cause) {
    await rm(temporary, { force: true })
    throw new UserError(`cannot write ${file}: ${(cause as Error).message}`, undefined, { cause })
  }
}

async function syncDirectory(dir: string): Promise<void> {
  const handle = await open(dir)
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}
