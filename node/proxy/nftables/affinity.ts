import type { Nft } from '../../../cni/netlink/nft.ts'
import type { AddressFamily } from '../../../plugins/proxy.ts'
import { TABLE, WORDS } from './base-table.ts'

/** A client that is bound to an endpoint by a set of an earlier instance. */
export interface RememberedClient {
  set: string
  client: string
  /** Seconds it stays bound. */
  expires: number
}

interface ListedSet {
  set?: { name: string; elem?: { elem: { val: string; expires?: number } }[] }
}

/** Reads who is bound to which endpoint, so that replacing the table breaks no session. Empty without a table. */
export async function readAffinity(nft: Nft, family: AddressFamily): Promise<RememberedClient[]> {
  const listed = await nft.run(`list sets table ${WORDS[family].ip} ${TABLE}`).catch(() => '')
  if (!listed) return []
  const { nftables } = JSON.parse(listed) as { nftables: ListedSet[] }
  return nftables.flatMap(({ set }) => {
    if (!set?.name.startsWith('affinity-')) return []
    return (set.elem ?? [])
      .filter(({ elem }) => elem?.expires)
      .map(({ elem }) => ({ set: set.name, client: elem.val, expires: elem.expires! }))
  })
}

/** Commands that bind clients again whose endpoint is still there. */
export function restoreAffinity(
  family: AddressFamily,
  clients: RememberedClient[],
  sets: Set<string>,
): string[] {
  return clients
    .filter(({ set }) => sets.has(set))
    .map(({ set, client, expires }) => {
      const table = `${WORDS[family].ip} ${TABLE}`
      return `add element ${table} ${set} { ${client} expires ${expires}s }`
    })
}
