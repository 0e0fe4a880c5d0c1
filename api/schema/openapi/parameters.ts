/** A parameter in the query of an operation. */
export interface Parameter {
  name: string
  type: 'string' | 'integer' | 'boolean'
  description: string
}

export const parameter = (name: string, type: Parameter['type'], description: string): Parameter => ({
  name,
  type,
  description,
})

const dryRun = parameter(
  'dryRun',
  'string',
  'With the value All, the request is processed in all its stages, but nothing is stored.',
)
const fieldManager = parameter('fieldManager', 'string', 'Name of the actor that makes the change.')
const fieldValidation = parameter(
  'fieldValidation',
  'string',
  'What to do about unknown and duplicate fields: Ignore drops them, Warn (the default) drops them and says so in a warning, Strict refuses the request.',
)
const force = parameter(
  'force',
  'boolean',
  'Server-side apply only: take over fields that other managers own.',
)
const labelSelector = parameter('labelSelector', 'string', 'Restricts the objects by their labels.')
const fieldSelector = parameter('fieldSelector', 'string', 'Restricts the objects by their fields.')
const resourceVersion = parameter(
  'resourceVersion',
  'string',
  'The version of the data that the answer is made from, or that a watch begins after.',
)
const resourceVersionMatch = parameter(
  'resourceVersionMatch',
  'string',
  'How resourceVersion is applied to a list: Exact or NotOlderThan.',
)
const limit = parameter(
  'limit',
  'integer',
  'The most objects in an answer; the rest can be had with continue.',
)
const continueToken = parameter('continue', 'string', 'The token of the page before.')
const timeoutSeconds = parameter('timeoutSeconds', 'integer', 'Ends the call after so many seconds.')
const gracePeriodSeconds = parameter(
  'gracePeriodSeconds',
  'integer',
  'Seconds until the object is deleted; 0 deletes it at once.',
)
const ignoreStoreReadError = parameter(
  'ignoreStoreReadErrorWithClusterBreakingPotential',
  'boolean',
  'Deletes an object that cannot be read, without finalizers and preconditions. Counts for nothing while its feature is off.',
)
const orphanDependents = parameter('orphanDependents', 'boolean', 'Deprecated: use propagationPolicy.')
const propagationPolicy = parameter(
  'propagationPolicy',
  'string',
  'What becomes of dependents: Orphan, Background or Foreground.',
)

const selection = [continueToken, fieldSelector, labelSelector, limit, resourceVersion, resourceVersionMatch]
const sendInitialEvents = parameter(
  'sendInitialEvents',
  'boolean',
  'A watch begins with the present objects, followed by a bookmark.',
)

/** Query parameters by the sort of operation. */
export const PARAMETERS = {
  list: [
    parameter('allowWatchBookmarks', 'boolean', 'Asks a watch for events of type BOOKMARK.'),
    ...selection,
    sendInitialEvents,
    timeoutSeconds,
    parameter('watch', 'boolean', 'Streams changes instead of listing.'),
  ],
  write: [dryRun, fieldManager, fieldValidation],
  patch: [dryRun, fieldManager, fieldValidation, force],
  delete: [dryRun, gracePeriodSeconds, ignoreStoreReadError, orphanDependents, propagationPolicy],
  deleteCollection: [
    ...selection,
    sendInitialEvents,
    timeoutSeconds,
    dryRun,
    gracePeriodSeconds,
    ignoreStoreReadError,
    orphanDependents,
    propagationPolicy,
  ],
} as const satisfies Record<string, readonly Parameter[]>

/** On every operation. */
export const PRETTY = parameter('pretty', 'string', 'If true, the output is indented.')

/** The parameters that a path holds in braces. */
export function pathParameters(path: string): { name: string; description: string }[] {
  return [...path.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => ({
    name,
    description:
      name === 'namespace'
        ? 'object name and auth scope, such as for teams and projects'
        : name === 'path'
          ? 'path to the resource'
          : 'name of the object',
  }))
}
