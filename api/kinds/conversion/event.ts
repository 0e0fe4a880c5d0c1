import type { ApiObject } from '../../meta/object.ts'

/** events.k8s.io/v1 name → core/v1 name of the same field. */
const FIELDS: Record<string, string> = {
  regarding: 'involvedObject',
  note: 'message',
  reportingController: 'reportingComponent',
  deprecatedSource: 'source',
  deprecatedFirstTimestamp: 'firstTimestamp',
  deprecatedLastTimestamp: 'lastTimestamp',
  deprecatedCount: 'count',
}

const BACK = Object.fromEntries(Object.entries(FIELDS).map(([newer, older]) => [older, newer]))

const rename = (object: ApiObject, names: Record<string, string>): ApiObject =>
  Object.fromEntries(Object.entries(object).map(([field, value]) => [names[field] ?? field, value])) as never

/** An Event of events.k8s.io as one of the core group. */
export const toCoreEvent = (event: ApiObject): ApiObject => ({
  ...rename(event, FIELDS),
  apiVersion: 'v1',
  involvedObject: event.regarding ?? {},
  source: event.deprecatedSource ?? {},
  firstTimestamp: event.deprecatedFirstTimestamp ?? null,
  lastTimestamp: event.deprecatedLastTimestamp ?? null,
})

/** An Event of the core group as one of events.k8s.io. */
export function fromCoreEvent(event: ApiObject): ApiObject {
  const { reportingController, reportingInstance, ...rest } = rename(event, BACK)
  return {
    ...rest,
    apiVersion: 'events.k8s.io/v1',
    eventTime: event.eventTime ?? null,
    ...(reportingController && { reportingController }),
    ...(reportingInstance && { reportingInstance }),
  } as ApiObject
}
