import test from 'ava'
import { deviceSelector } from '../../../control-plane/cel/device.ts'

const NAME = 'device.attributes["dra.example.com"].name'

/** What upstream estimates expressions to cost at most. */
const COSTS: Record<string, number> = {
  '"no-such-domain" in device.attributes': 3,
  'device.driver == ""': 2,
  'device.driver == "dra.example.com"': 4,
  [NAME]: 4,
  'device.attributes["dra.example.com"]["name"]': 4,
  'cel.bind(dra, device.attributes["dra.example.com"], dra.name)': 15,
  [`${NAME} > 0`]: 5,
  [`${NAME} == "fish"`]: 5,
  [`${NAME}.isGreaterThan(semver("0.0.1"))`]: 6,
  [`${NAME}.isGreaterThan(semver("v0.0.1", true)) && isSemver("v1.0.0", true)`]: 7,
  'device.capacity["dra.example.com"].name.isGreaterThan(quantity("1Ki"))': 6,
  '"name" in device.capacity["dra.example.com"] && device.capacity["dra.example.com"].name.isGreaterThan(quantity("1Ki"))': 10,
  '!("name" in device.capacity["dra.example.com"]) || device.capacity["dra.example.com"].name.isGreaterThan(quantity("1Ki"))': 11,
  'device.attributes.exists_one(x, x == "dra.example.com")': 164,
  'device.attributes["dra.example.com"].exists_one(x, x == "services")': 133,
  'device.attributes["dra.example.com"].services.split("example").size() >= 2': 19,
  'device.attributes["dra.example.com"].services.matches("[^a]?sym")': 18,
  'device.capacity.exists_one(x, x == "dra.example.com")': 164,
  'device.capacity["dra.example.com"].exists_one(x, x == "memory")': 133,
}

for (const [expression, cost] of Object.entries(COSTS)) {
  test(`${expression} costs ${cost} at most`, t => {
    t.deepEqual(deviceSelector(expression), { cost })
  })
}

test('loops in loops cost what upstream says', t => {
  const loop = (inner: string, name: string): string =>
    `[1, 2, 3, 4, 5, 6, 7, 8, 9, 10].all(${name}, ${inner})`
  const names = ['z5', 'z4', 'z3', 'z2', 'z', 'y', 'x']
  const expression = names.reduce(loop, "int('1'.find('[0-9]*')) < 100")
  t.deepEqual(deviceSelector(expression), { cost: 85_555_551 })
})

test('what is no expression, or none of a device, is told', t => {
  const faultOf = (expression: string): string => (deviceSelector(expression) as { fault: string }).fault
  t.regex(faultOf('?!'), /^compilation failed: ERROR: <input>:1:1: Syntax error/)
  t.is(faultOf('1'), 'must evaluate to bool or the unknown type, not int')
  t.regex(faultOf('device.allowMultipleAllocations'), /undefined field 'allowMultipleAllocations'/)
})
