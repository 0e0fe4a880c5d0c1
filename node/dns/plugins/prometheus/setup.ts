import { parseListen, type SetUp } from '../../setup.ts'
import { createPrometheus } from './prometheus.ts'

const DEFAULT_PORT = 9_153

export const setUp: SetUp = async (directive, context) => {
  const { metrics, zones, http } = context
  const places = parseListen(directive, DEFAULT_PORT, context)
  const releases = await Promise.all(
    places.map(place =>
      http.serve(place, '/metrics', async response => {
        const text = await metrics.metrics()
        response.writeHead(200, { 'Content-Type': metrics.contentType }).end(text)
      }),
    ),
  )
  const plugin = createPrometheus(zones, metrics)
  return {
    ...plugin,
    stop() {
      for (const release of releases) release()
    },
  }
}
