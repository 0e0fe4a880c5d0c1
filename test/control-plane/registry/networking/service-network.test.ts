import test from 'ava'
import { givesAddress, parseAddress } from '../../../../control-plane/registry/networking/service-network.ts'

const gives = (network: string, address: string) => givesAddress(parseAddress(network), parseAddress(address))

test('Services have neither the first nor the last address of a network of IPv4', t => {
  for (const end of ['10.0.0.16', '10.0.0.31']) {
    t.false(gives('10.0.0.16/28', end))
    t.true(gives('10.0.0.0/24', end))
  }
  t.true(gives('10.0.0.16/28', '10.0.0.17'))
  t.false(gives('10.0.0.16/28', '10.0.0.32'))
})

test('Services can have the last address of a network of IPv6', t => {
  t.false(gives('fd00::/120', 'fd00::'))
  t.true(gives('fd00::/120', 'fd00::ff'))
  t.false(gives('fd00::/120', 'fd00::100'))
})

test('no network has addresses of the other family', t => {
  t.false(gives('0.0.0.0/0', '::1'))
  t.false(gives('::/0', '10.0.0.1'))
})
