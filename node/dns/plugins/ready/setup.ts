import { parseListen, type SetUp } from '../../setup.ts'
import { createReadiness } from './ready.ts'

const DEFAULT_PORT = 8_181

export const setUp: SetUp = async (directive, context) => {
  const waitingPlugins = createReadiness(context.installed)
  const places = parseListen(directive, DEFAULT_PORT, context)
  const releases = await Promise.all(
    places.map(place =>
      context.http.serve(place, '/ready', response => {
        const waiting = waitingPlugins()
        response.writeHead(waiting.length === 0 ? 200 : 503)
        response.end(waiting.length === 0 ? 'OK' : [...new Set(waiting)].join(','))
      }),
    ),
  )
  return {
    name: 'ready',
    stop() {
      for (const release of releases) release()
    },
  }
}
