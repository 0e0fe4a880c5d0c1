/*
 * What only servers have that were told to switch a feature on (v1.34: DRAConsumableCapacity, DRADeviceBindingConditions,
 * DRADeviceTaints, DRAExtendedResource, DRAPartitionableDevices) is taken away without a word.
 */

function drop(object: any, ...fields: string[]): void {
  if (!object) return
  for (const field of fields) if (object[field] !== undefined) delete object[field]
}

/** Of a DeviceClaim. */
function dropOfDevices(devices: any): void {
  for (const { exactly, firstAvailable } of devices?.requests ?? []) {
    drop(exactly, 'capacity')
    for (const request of firstAvailable ?? []) drop(request, 'capacity')
  }
}

export function dropOfClaim({ spec, status }: any): void {
  dropOfDevices(spec?.devices)
  if (!status) return
  drop(status.allocation, 'allocationTimestamp')
  for (const result of status.allocation?.devices?.results ?? []) {
    drop(result, 'bindingConditions', 'bindingFailureConditions', 'shareID', 'consumedCapacity')
  }
  for (const device of status.devices ?? []) drop(device, 'shareID')
}

export const dropOfClaimTemplate = ({ spec }: any): void => dropOfDevices(spec?.spec?.devices)

export const dropOfClass = ({ spec }: any): void => drop(spec, 'extendedResourceName')

const OF_DEVICES = [
  'taints',
  'consumesCounters',
  'nodeName',
  'nodeSelector',
  'allNodes',
  'bindingConditions',
  'bindingFailureConditions',
  'bindsToNode',
  'allowMultipleAllocations',
]

export function dropOfSlice({ spec }: any): void {
  drop(spec, 'sharedCounters', 'perDeviceNodeSelection')
  for (const device of spec?.devices ?? []) {
    drop(device, ...OF_DEVICES)
    for (const amount of Object.values(device.capacity ?? {})) drop(amount, 'requestPolicy')
  }
}
