import { isIPv6 } from 'node:net'
import test from 'ava'
import fc from 'fast-check'
import {
  type Attribute,
  decodeAddress,
  decodeAttributes,
  encodeAddress,
  encodeAttributes,
} from '../../../cni/netlink/attributes.ts'
import { SEED } from '../../helpers/seed.ts'

fc.configureGlobal(SEED)

const canonical = test.macro({
  exec: (t, given: string, expected: string) => t.is(decodeAddress(encodeAddress(given)), expected),
  title: (_, given) => `an address is read and written canonically: ${given}`,
})

test(canonical, '10.244.0.1', '10.244.0.1')
test(canonical, '::', '::')
test(canonical, '::1', '::1')
test(canonical, 'fd00::', 'fd00::')
test(canonical, '2001:DB8:0:0:1:0:0:1', '2001:db8::1:0:0:1')
test(canonical, '2001:db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1')
test(canonical, '::ffff:10.0.0.1', '::ffff:a00:1')
test(canonical, '1:0:0:0:2:0:0:0', '1::2:0:0:0')

test('what is no address is refused', t => {
  t.throws(() => encodeAddress('10.0.0'), { instanceOf: RangeError, message: '"10.0.0" is no IP address' })
})

test('every IPv6 address comes back the same', t => {
  fc.assert(
    fc.property(fc.ipV6(), address => {
      const once = decodeAddress(encodeAddress(address))
      return isIPv6(once) && encodeAddress(once).equals(encodeAddress(address))
    }),
  )
  t.pass()
})

test('attributes come back with their padding gone', t => {
  const attributes: Attribute[] = [
    [1, Buffer.from('abc')],
    [2, [[3, Buffer.of(1, 2, 3, 4, 5)]]],
  ]
  const decoded = decodeAttributes(encodeAttributes(attributes))
  t.is(decoded.get(1)?.toString(), 'abc')
  t.deepEqual([...decodeAttributes(decoded.get(2)!).get(3)!], [1, 2, 3, 4, 5])
})

test('attributes that are cut off end the reading', t => {
  const bytes = encodeAttributes([
    [1, Buffer.alloc(4)],
    [2, Buffer.alloc(40)],
  ])
  t.deepEqual([...decodeAttributes(bytes.subarray(0, 20)).keys()], [1])
})
