import {
  type FieldError,
  forbiddenField,
  invalidValue,
  required as requiredError,
  tooLong,
} from '../../../api/meta/status.ts'
import { csiDriverName } from '../pod/volumes.ts'
import { collect, FINE, type Rule, unchanged } from '../rules/check.ts'
import { nodeSelector } from '../rules/labels.ts'
import { label, subdomain } from '../rules/values.ts'
import { list, map, set } from './lists.ts'
import { deviceTaint, LONGEST_KEY, poolName, qualifiedKey } from './names.ts'

const MOST_DEVICES = 128
const MOST_TRAITS = 32
const MOST_TAINTS = 4
const MOST_COUNTERS = 32
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
  const { driver, pool = {}, devices = [], sharedCounters = [] } = spec
  const before = old?.spec
  return collect(
    csiDriverName(driver, 'spec.driver'),
    poolFaults(pool),
    before && unchanged('spec.pool.name', pool.name, before.pool?.name),
    before && unchanged('spec.driver', driver, before.driver),
    before && unchanged('spec.nodeName', spec.nodeName, before.nodeName),
    placeFaults(spec),
    set(MOST_DEVICES, device(spec.perDeviceNodeSelection), ({ name }: any) => name)(devices, 'spec.devices'),
    set(MOST_COUNTERS, counterSet, ({ name }: any) => name)(sharedCounters, 'spec.sharedCounters'),
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
function placeFaults(spec: any): readonly FieldError[] {
  const { nodeName, nodeSelector: chosen, allNodes, perDeviceNodeSelection } = spec
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
  for (const [field, value] of Object.entries({ allNodes, perDeviceNodeSelection })) {
    if (value === false)
      faults.push(invalidValue(`spec.${field}`, false, 'must be either unset or set to true'))
  }
  const given = [
    nodeName && '`nodeName`',
    chosen && '`nodeSelector`',
    allNodes && '`allNodes`',
    perDeviceNodeSelection && '`perDeviceNodeSelection`',
  ].filter(Boolean)
  if (given.length === 0) faults.push(requiredError('spec', ONE_PLACE))
  if (given.length > 1) {
    const detail = `${ONE_PLACE}, but multiple fields are set`
    faults.push(invalidValue('spec', `{${given.join(', ')}}`, detail))
  }
  return faults
}

const device =
  (hasOwnPlace: boolean | undefined): Rule =>
  (given, path) => {
    const { name = '', attributes = {}, capacity = {}, taints = [], consumesCounters = [] } = given
    const count = Object.keys(attributes).length + Object.keys(capacity).length
    const tooMuch = `the total number of attributes and capacities must not exceed ${MOST_TRAITS}`
    const mayRepeat = given.allowMultipleAllocations === true
    return collect(
      label(name, `${path}.name`),
      count > MOST_TRAITS && [invalidValue(path, count, tooMuch)],
      map(LONGEST_KEY, qualifiedKey, attribute)(attributes, `${path}.attributes`),
      map(LONGEST_KEY, qualifiedKey, amount(mayRepeat))(capacity, `${path}.capacity`),
      list(MOST_TAINTS, deviceTaint)(taints, `${path}.taints`),
      set(
        MOST_COUNTERS,
        consumption,
        ({ counterSet: own }: any) => own,
      )(consumesCounters, `${path}.consumesCounters`),
      ownPlaceFaults(given, path, hasOwnPlace === true),
    )
  }

const attribute: Rule = (given, path) => {
  const kinds = ['bool', 'int', 'string', 'version'].filter(kind => given[kind] !== undefined)
  const { string = '', version } = given
  const tooBig = (field: string, value: string) =>
    value.length > LONGEST_VALUE && [tooLong(`${path}.${field}`, '', LONGEST_VALUE)]
  return collect(
    tooBig('string', string),
    version !== undefined &&
      !SEMVER.test(version) && [
        invalidValue(`${path}.version`, version, 'must be a string compatible with semver.org spec 2.0.0'),
      ],
    tooBig('version', version ?? ''),
    kinds.length !== 1 && [
      invalidValue(path, kinds.length === 0 ? '' : given, 'exactly one value must be specified'),
    ],
  )
}

const amount =
  (mayRepeat: boolean): Rule =>
  ({ requestPolicy }, path) =>
    requestPolicy && !mayRepeat
      ? [forbiddenField(`${path}.requestPolicy`, 'allowMultipleAllocations must be true')]
      : FINE

const noFaults: Rule = () => FINE
const counters = map(63, label, noFaults)

const counterSet: Rule = ({ name, counters: own = {} }, path) =>
  collect(
    name ? label(name, `${path}.name`) : [requiredError(`${path}.name`, '')],
    Object.keys(own).length > 0 ? counters(own, `${path}.counters`) : [requiredError(`${path}.counters`, '')],
  )

const consumption: Rule = ({ counterSet: name, counters: own = {} }, path) =>
  collect(
    name ? label(name, `${path}.counterSet`) : [requiredError(`${path}.counterSet`, '')],
    Object.keys(own).length > 0 ? counters(own, `${path}.counters`) : [requiredError(`${path}.counters`, '')],
  )

const OWN_PLACE =
  'exactly one of `nodeName`, `nodeSelector`, or `allNodes` is required when `perDeviceNodeSelection` is set to true in the ResourceSlice spec'
const NO_OWN_PLACE =
  '`nodeName`, `nodeSelector` and `allNodes` can only be set if `perDeviceNodeSelection` is set to true in the ResourceSlice spec'

function ownPlaceFaults(
  { nodeName, nodeSelector: chosen, allNodes }: any,
  path: string,
  hasOwnPlace: boolean,
): readonly FieldError[] {
  if (!hasOwnPlace) {
    const isSet = nodeName !== undefined || chosen || allNodes !== undefined
    return isSet ? [invalidValue(path, null, NO_OWN_PLACE)] : FINE
  }
  const given = [nodeName && '`nodeName`', chosen && '`nodeSelector`', allNodes && '`allNodes`'].filter(
    Boolean,
  )
  return collect(
    nodeName === '' && [invalidValue(`${path}.nodeName`, '', 'must not be empty')],
    nodeName && subdomain(nodeName, `${path}.nodeName`),
    chosen && nodeSelector(chosen, `${path}.nodeSelector`),
    allNodes === false && [invalidValue(`${path}.allNodes`, false, 'must be either unset or set to true')],
    given.length === 0 && [requiredError(path, OWN_PLACE)],
    given.length > 1 && [invalidValue(path, `{${given.join(', ')}}`, OWN_PLACE)],
  )
}
