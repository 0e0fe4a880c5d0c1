import { duplicateValue, type FieldError, invalidValue, tooLong, tooMany } from '../../../api/meta/status.ts'
import { csiDriverName } from '../pod/volumes.ts'
import { interfaceAddress } from '../rules/addresses.ts'
import { collect, type Rule } from '../rules/check.ts'
import { conditions } from '../rules/conditions.ts'
import { label } from '../rules/values.ts'
import { set } from './lists.ts'
import { poolName, rawObject } from './names.ts'

const MOST_CONDITIONS = 8
const MOST_ADDRESSES = 16
const LONGEST_INTERFACE = 256
const LONGEST_HARDWARE_ADDRESS = 128

/** How upstream shows which device is meant: as nothing. */
const SHOWN = { Driver: {}, Pool: {}, Device: {}, ShareID: {} }

const keyOf = ({ driver = '', pool = '', device = '' }: any): string => `${driver}/${pool}/${device}`

const addresses = set(MOST_ADDRESSES, interfaceAddress)

const network: Rule = ({ interfaceName = '', hardwareAddress = '', ips = [] }, path) =>
  collect(
    interfaceName.length > LONGEST_INTERFACE && [tooLong(`${path}.interfaceName`, '', LONGEST_INTERFACE)],
    hardwareAddress.length > LONGEST_HARDWARE_ADDRESS && [
      tooLong(`${path}.hardwareAddress`, '', LONGEST_HARDWARE_ADDRESS),
    ],
    addresses(ips, `${path}.ips`),
  )

function statusFaults(given: any, isAllocated: boolean, path: string): readonly FieldError[] {
  const { conditions: own = [], data, networkData } = given
  const at = `${path}.conditions`
  return collect(
    csiDriverName(given.driver, `${path}.driver`),
    poolName(given.pool, `${path}.pool`),
    label(given.device ?? '', `${path}.device`),
    !isAllocated && [invalidValue(path, SHOWN, 'must be an allocated device in the claim')],
    own.length > MOST_CONDITIONS && [tooMany(at, own.length, MOST_CONDITIONS)],
    conditions(own, at),
    data !== undefined && rawObject(data, `${path}.data`),
    networkData && network(networkData, `${path}.networkData`),
  )
}

/** What drivers tell of the devices that a claim has got. */
export const deviceStatuses: Rule = ({ devices = [], allocation }: any, path) => {
  const allocated = new Set((allocation?.devices?.results ?? []).map(keyOf))
  const seen = new Set<string>()
  const doubles: FieldError[] = []
  devices.forEach((device: any, i: number) => {
    const key = keyOf(device)
    if (seen.has(key)) doubles.push(duplicateValue(`${path}[${i}].deviceID`, SHOWN))
    seen.add(key)
  })
  return collect(
    ...devices.map((device: any, i: number) =>
      statusFaults(device, allocated.has(keyOf(device)), `${path}[${i}]`),
    ),
    doubles,
  )
}
