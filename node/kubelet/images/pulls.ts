import type { AuthConfig, RuntimePlugin } from '../../../plugins/runtime.ts'

/** Pulls under way: everyone who wants the same image waits for the same pull. */
export interface Pulls {
  /** Resolves when the image was pulled. The pull is given up when all who wait for it have aborted. */
  pull(image: string, auths: AuthConfig[], signal: AbortSignal): Promise<void>
}

interface Pull {
  done: Promise<void>
  waiting: number
  stop: AbortController
}

export function createPulls(runtime: RuntimePlugin): Pulls {
  const pulls = new Map<string, Pull>()
  const begin = (image: string, auths: AuthConfig[]): Pull => {
    const stop = new AbortController()
    const done = pullWithAny(runtime, image, auths, stop.signal).finally(() => pulls.delete(image))
    const pull = { done, waiting: 0, stop }
    pulls.set(image, pull)
    return pull
  }
  return {
    async pull(image, auths, signal) {
      signal.throwIfAborted()
      const pull = pulls.get(image) ?? begin(image, auths)
      pull.waiting += 1
      const leave = (): void => {
        pull.waiting -= 1
        if (pull.waiting === 0) pull.stop.abort()
      }
      signal.addEventListener('abort', leave, { once: true })
      await pull.done.finally(() => signal.removeEventListener('abort', leave))
    },
  }
}

/** Tries each credential in turn; without any, pulls as anybody. */
async function pullWithAny(
  runtime: RuntimePlugin,
  image: string,
  auths: AuthConfig[],
  signal: AbortSignal,
): Promise<void> {
  let last: unknown
  for (const auth of auths.length === 0 ? [undefined] : auths) {
    try {
      await runtime.pullImage(image, auth, signal)
      return
    } catch (error) {
      last = error
    }
  }
  throw last
}
