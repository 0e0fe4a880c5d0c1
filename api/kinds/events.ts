import { eventColumns } from './columns/core.ts'
import { fromCoreEvent, toCoreEvent } from './conversion/event.ts'
import { events as coreEvents } from './core.ts'
import { groupVersion, viewColumns } from './declare.ts'

const v1 = groupVersion('events.k8s.io', 'v1')

const regarding = (field: string) => (event: any) => event.regarding?.[field] ?? ''

/** The Events of the core group in newer words. */
export const events = v1<any>({
  kind: 'Event',
  plural: 'events',
  shortNames: ['ev'],
  columns: viewColumns(eventColumns, toCoreEvent),
  storedAs: { kind: coreEvents, toStored: toCoreEvent, fromStored: fromCoreEvent },
  fieldSelectors: {
    'regarding.kind': regarding('kind'),
    'regarding.namespace': regarding('namespace'),
    'regarding.name': regarding('name'),
    'regarding.uid': regarding('uid'),
    'regarding.apiVersion': regarding('apiVersion'),
    'regarding.resourceVersion': regarding('resourceVersion'),
    'regarding.fieldPath': regarding('fieldPath'),
    reason: event => event.reason ?? '',
    reportingController: event => event.reportingController ?? '',
    type: event => event.type ?? '',
  },
})
