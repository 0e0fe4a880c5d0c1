import { readFile } from 'node:fs/promises'
import { type Backup, BackupError, decodeBackup } from '../../control-plane/store/backup/format.ts'
import { RestoreError, restoreBackup } from '../../control-plane/store/backup/restore.ts'
import { UserError } from '../failure.ts'
import { createLog } from '../log.ts'
import { type StoreLocation, withStore } from '../server/reach-store.ts'

/** `skiff restore FILE`: puts a backup into an empty store, or one that is given up (`--replace`). */
export async function restore(file: string, options: StoreLocation & { replace: boolean }): Promise<void> {
  const backup = await readBackup(file)
  try {
    await withStore(options, true, createLog('restore'), store =>
      restoreBackup(store, backup, options.replace),
    )
  } catch (cause) {
    if (cause instanceof RestoreError) throw new UserError(cause.message, undefined, { cause })
    throw cause
  }
  const documents = backup.types.reduce((sum, type) => sum + type.documents.size, 0)
  console.log(`restored ${documents} objects of ${backup.created.toISOString()}; now start the server`)
}

/** The whole file is checked before anything is touched. */
async function readBackup(file: string): Promise<Backup> {
  const content = await readFile(file).catch(cause => {
    throw new UserError(`cannot read ${file}: ${cause.message}`, undefined, { cause })
  })
  try {
    return decodeBackup(content)
  } catch (cause) {
    if (!(cause instanceof BackupError)) throw cause
    throw new UserError(`${file} ${cause.message}`, 'Nothing was changed. Restore another backup.', { cause })
  }
}
