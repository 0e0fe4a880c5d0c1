import { type Addresses, createAddresses } from './addresses.ts'
import { createLinks, type Links } from './links.ts'
import { createForwarding, createNeighbours, type Forwarding, type Neighbours } from './neighbours.ts'
import { createRoutes, type Routes } from './routes.ts'
import { openSocket, PROTOCOL } from './socket.ts'

/**
 * The kernel's links, addresses, routes and neighbours of one network namespace. What is there already or gone already
 * is an answer (false), everything else the kernel refuses is a `NetlinkError` with its errno as `code`. This folder is
 * the only one that uses the `netlink` package.
 */
export interface Netlink {
  links: Links
  addresses: Addresses
  routes: Routes
  neighbours: Neighbours
  /** Of VXLAN devices. */
  forwarding: Forwarding
  close(): void
}

/**
 * Opens this namespace's or, by path, another's. The thread itself stays where it is. Throws a `NamespaceError` when
 * the path is no namespace. Give back with `close`.
 */
export function openNetlink({ netns }: { netns?: string } = {}): Netlink {
  const socket = openSocket(PROTOCOL.route, netns)
  const links = createLinks(socket)
  return {
    links,
    addresses: createAddresses(socket, links),
    routes: createRoutes(socket, links),
    neighbours: createNeighbours(socket, links),
    forwarding: createForwarding(socket, links),
    close: () => socket.close(),
  }
}

/** Opens, works, closes. */
export async function withNetlink<T>(
  netns: string | undefined,
  work: (netlink: Netlink) => Promise<T>,
): Promise<T> {
  const netlink = openNetlink(netns === undefined ? {} : { netns })
  try {
    return await work(netlink)
  } finally {
    netlink.close()
  }
}
