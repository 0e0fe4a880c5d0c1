import {
  type FieldError,
  invalidValue,
  required as requiredError,
  tooLong,
} from '../../../api/meta/status.ts'
import { csiDriverName } from '../pod/volumes.ts'
import { collect, FINE, type Rule, unchanged } from '../rules/check.ts'
import { nodeSelector } from '../rules/labels.ts'
import { label, subdomain } from '../rules/values.ts'
import { map, set } from './lists.ts'
import { LONGEST_KEY, poolName, qualifiedKey } from './names.ts'

const MOST_DEVICES = 128
const MOST_TRAITS = 32
const LONGEST_VALUE = 64
const NUMBER = '(0|[1-9]\\d*)'
const PRE_RELEASE = '(0|[1-9]\\d*|\\d*[a-zA-Z-][0-9a-zA-Z-]*)'
const BUILD = '[0-9a-zA-Z-]+'
const SEMVER = new RegExp(
  `^${NUMBER}\\.${NUMBER}\\.${NUMBER}(-${PRE_RELEASE}(\\.${PRE_RELEASE})*)?(\\+${BUILD}(\\.${BUILD})*)?$`,
)
const PLACES = '`nodeName`, `nodeSelector`, `allNodes`, `perDeviceNodeSelection`'
const ONE_PLACE = `exactly one of ${PLACES} is required`

/** All that is wrong with a ResourceSlice; whose devices it tells of is fixed. */
export function sliceFaults({ spec = {} }: any, old: any): readonly FieldError[] {
  const { driver, pool = {}, devices = [] } = spec
  const before = old?.spec
  return collect(
    csiDriverName(driver, 'spec.driver'),
    poolFaults(pool),
    before && unchanged('spec.pool.name', pool.name, before.pool?.name),
    before && unchanged('spec.driver', driver, before.driver),
    before && unchanged('spec.nodeName', spec.nodeName, before.nodeName),
    placeFaults(spec),
    set(MOST_DEVICES, device, ({ name }: any) => name, 'name')(devices, 'spec.devices'),
  )
}

const poolFaults = ({ name, resourceSliceCount = 0, generation = 0 }: any): readonly FieldError[] =>
  collect(
    poolName(name, 'spec.pool.name'),
    resourceSliceCount <= 0 && [
      invalidValue('spec.pool.resourceSliceCount', resourceSliceCount, 'must be greater than zero'),
    ],
    generation < 0 && [
      invalidValue('spec.pool.generation', generation, 'must be greater than or equal to zero'),
    ],
  )

/** Where the devices can be had from: one of several ways to say it. */
function placeFaults({ nodeName, nodeSelector: chosen, allNodes }: any): readonly FieldError[] {
  const faults: FieldError[] = []
  if (nodeName === '') {
    faults.push(invalidValue('spec.nodeName', '', 'must be either unset or set to a non-empty string'))
  } else if (nodeName !== undefined) faults.push(...subdomain(nodeName, 'spec.nodeName'))
  if (chosen) faults.push(...nodeSelector(chosen, 'spec.nodeSelector'))
  if (chosen && chosen.nodeSelectorTerms?.length !== 1) {
    const at = 'spec.nodeSelector.nodeSelectorTerms'
    const shown = chosen.nodeSelectorTerms ?? null
    faults.push(invalidValue(at, shown, 'must have exactly one node selector term'))
  }
  if (allNodes === false) {
    faults.push(invalidValue('spec.allNodes', false, 'must be either unset or set to true'))
  }
  const given = [nodeName && '`nodeName`', chosen && '`nodeSelector`', allNodes && '`allNodes`'].filter(
    Boolean,
  )
  if (given.length === 0) faults.push(requiredError('spec', ONE_PLACE))
  if (given.length > 1) {
    const detail = `${ONE_PLACE}, but multiple fields are set`
    faults.push(invalidValue('spec', `{${given.join(', ')}}`, detail))
  }
  return faults
}

const noFaults: Rule = () => FINE

const device: Rule = ({ name = '', attributes = {}, capacity = {} }, path) => {
  const count = Object.keys(attributes).length + Object.keys(capacity).length
  const tooMuch = `the total number of attributes and capacities must not exceed ${MOST_TRAITS}`
  return collect(
    label(name, `${path}.name`),
    count > MOST_TRAITS && [invalidValue(path, count, tooMuch)],
    map(LONGEST_KEY, qualifiedKey, attribute)(attributes, `${path}.attributes`),
    map(LONGEST_KEY, qualifiedKey, noFaults)(capacity, `${path}.capacity`),
  )
}

const ONE_VALUE = 'exactly one value must be specified'

const attribute: Rule = (given, path) => {
  const kinds = ['bool', 'int', 'string', 'version'].filter(kind => given[kind] !== undefined)
  const { int = null, bool = null, string = null, version = null } = given
  const tooBig = (field: string, value: string | null) =>
    value !== null && value.length > LONGEST_VALUE && [tooLong(`${path}.${field}`, '', LONGEST_VALUE)]
  const shown = { IntValue: int, BoolValue: bool, StringValue: string, VersionValue: version }
  return collect(
    tooBig('string', string),
    version !== null &&
      !SEMVER.test(version) && [
        invalidValue(`${path}.version`, version, 'must be a string compatible with semver.org spec 2.0.0'),
      ],
    tooBig('version', version),
    kinds.length === 0 && [requiredError(path, ONE_VALUE)],
    kinds.length > 1 && [invalidValue(path, shown, ONE_VALUE)],
  )
}
