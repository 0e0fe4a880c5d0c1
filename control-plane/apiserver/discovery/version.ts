import { methodNotAllowed, noRepresentation, pathNotFound } from '../../../api/meta/status.ts'
import { JSON_TYPE, sendJson } from '../pipeline/respond.ts'
import type { ApiContext } from '../pipeline/state.ts'
import { takesAny } from '../representation/negotiate.ts'

declare const COMMIT: string | undefined

const STARTED = new Date().toISOString().slice(0, 19)

/** The answer of `/version`: the Kubernetes whose behaviour this is. */
export const VERSION = {
  major: '1',
  minor: '34',
  emulationMajor: '1',
  emulationMinor: '34',
  minCompatibilityMajor: '1',
  minCompatibilityMinor: '33',
  gitVersion: 'v1.34.0+skiff',
  gitCommit: typeof COMMIT === 'undefined' ? '' : COMMIT,
  gitTreeState: 'clean',
  buildDate: `${STARTED}Z`,
  goVersion: `node ${process.version}`,
  compiler: 'v8',
  platform: `${process.platform}/${process.arch === 'x64' ? 'amd64' : process.arch}`,
}

/** Answers `/version`. @throws StatusError 404 for what is below it, 405 for what is no GET */
export async function versionHandler(ctx: ApiContext): Promise<void> {
  const { method, path } = ctx.state.info
  if (!/^\/version\/?$/.test(path)) throw pathNotFound()
  if (method !== 'GET') throw methodNotAllowed()
  const { accept } = ctx.req.headers
  if (accept && !takesAny(accept, [JSON_TYPE])) throw noRepresentation([JSON_TYPE])
  await sendJson(ctx, 200, VERSION)
}
