import { readFileSync, statSync } from 'node:fs'
import { isIP } from 'node:net'
import type { Upstream } from './exchange.ts'

/** Where systemd-resolved keeps the real servers while /etc/resolv.conf names its stub. */
const BEHIND_STUB = '/run/systemd/resolve/resolv.conf'
const LOOK_EVERY = 5_000
const PORT = 53

/**
 * The resolvers of a resolv.conf, followed as it changes. Those that lead back to this machine (127.0.0.53 and our own
 * addresses) are passed by; when none is left, those behind systemd's stub are taken.
 */
export function followResolvConf(
  path: string,
  ownAddresses: string[],
  behindStub = BEHIND_STUB,
): () => Upstream[] {
  let known: Upstream[] = []
  let version = ''
  let lookAgainAt = 0
  const read = (file: string): Upstream[] =>
    nameservers(readText(file))
      .filter(address => !leadsBack(address, ownAddresses))
      .map(address => ({ address, port: PORT }))
  return () => {
    if (Date.now() < lookAgainAt) return known
    lookAgainAt = Date.now() + LOOK_EVERY
    const now = `${changedAt(path)} ${changedAt(behindStub)}`
    if (now === version) return known
    version = now
    const first = read(path)
    known = first.length > 0 ? first : read(behindStub)
    return known
  }
}

/** A resolver's file is small and on a local disk: reading it holds nobody up. */
function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return ''
  }
}

const changedAt = (file: string): number => statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0

export function nameservers(text: string): string[] {
  const lines = [...text.matchAll(/^[ \t]*nameserver[ \t]+(\S+)/gm)]
  return lines.map(line => line[1]!).filter(address => isIP(address.split('%')[0]!) !== 0)
}

function leadsBack(address: string, ownAddresses: string[]): boolean {
  return /^127\.|^::1$|^0\.0\.0\.0$|^::$/.test(address) || ownAddresses.includes(address)
}
