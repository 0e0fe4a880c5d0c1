import { expectArgs, parseDuration, unknownProperty } from '../../corefile/values.ts'
import { parseListen, type SetUp } from '../../setup.ts'

const DEFAULT_PORT = 8_080

/**
 * `lameduck` is read and has no effect: each node answers its own Pods, so there is no balancer to tell before stopping.
 */
export const setUp: SetUp = async (directive, context) => {
  for (const property of directive.block) {
    if (property.name !== 'lameduck') throw unknownProperty('health', property)
    expectArgs(property, 1)
    parseDuration(property.args[0]!, property)
  }
  const places = parseListen(directive, DEFAULT_PORT, context)
  const releases = await Promise.all(
    places.map(place => context.http.serve(place, '/health', response => void response.end('OK'))),
  )
  return {
    name: 'health',
    stop() {
      for (const release of releases) release()
    },
  }
}
