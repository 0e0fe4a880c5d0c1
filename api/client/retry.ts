import { isConflict } from '../meta/status.ts'

/** Tries an update again, up to five times, when somebody else was faster. `update` must read the object anew. */
export async function retryOnConflict<R>(update: () => Promise<R>): Promise<R> {
  for (let tries = 1; ; tries++) {
    try {
      return await update()
    } catch (error) {
      if (!isConflict(error) || tries === 5) throw error
    }
    await new Promise(resolve => setTimeout(resolve, 10 * tries * (1 + Math.random())))
  }
}
