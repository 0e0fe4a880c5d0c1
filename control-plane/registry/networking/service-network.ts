import { Address4, Address6 } from 'ip-address'

/**
 * Whether Services can have an address of a network. Nobody has its first one, nor the last one of IPv4: these may still be
 * addresses of a wider network.
 */
export function givesAddress(network: Address4 | Address6, address: Address4 | Address6): boolean {
  if (network instanceof Address4 !== address instanceof Address4) return false
  if (!address.isInSubnet(network)) return false
  const value = address.bigInt()
  if (value === network.startAddress().bigInt()) return false
  return network instanceof Address6 || value !== network.endAddress().bigInt()
}

/** An address or network of either family. Throws for anything else. */
export const parseAddress = (text: string): Address4 | Address6 =>
  text.includes(':') ? new Address6(text) : new Address4(text)
