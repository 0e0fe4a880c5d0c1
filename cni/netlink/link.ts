/** What is special to each kind of link that can be made. */
export type LinkKind =
  | { kind: 'bridge' | 'dummy' }
  | { kind: 'veth'; peer: VethPeer }
  | { kind: 'vxlan'; id: number; port: number; local: string; link: LinkRef; learning: boolean }

export interface VethPeer {
  name: string
  mtu?: number
  mac?: string
  up?: boolean
  /** Path of the namespace it is made in; left out, it is made here. */
  netns?: string
}

/** Settings of a bridge's port. */
export interface LinkPort {
  /** What comes in may go out of the same port: a Pod reaches itself through a Service. */
  hairpin?: boolean
  /** Isolated ports do not reach each other through the bridge, only its other ports and the host. */
  isolated?: boolean
}

/** A link as the kernel shows it. */
export interface Link {
  index: number
  name: string
  /** `bridge`, `veth`, `vxlan`…; '' for hardware and the loopback. */
  kind: string
  isUp: boolean
  /** Has a carrier and can pass packets. */
  isRunning: boolean
  isLoopback: boolean
  mtu: number
  mac: string
  alias: string
  /** Index of the bridge it is a port of. */
  master?: number
  /** Index of the link it belongs to: a veth's peer, a VXLAN's underlay. Of another namespace when `peerNamespace` is set. */
  link?: number
  peerNamespace?: number
  /** What is special to its kind. */
  vxlan?: { id: number; port: number; local: string; link: number; learning: boolean }
  port?: Required<LinkPort>
}

/** A link by name or index. */
export type LinkRef = string | number

/** A link to make. */
export type LinkSpec = LinkKind & {
  name: string
  mtu?: number
  mac?: string
  up?: boolean
  /** The bridge it is made a port of. */
  master?: LinkRef
}

/** What of a link to change; what is left out stays. */
export interface LinkChange {
  up?: boolean
  mtu?: number
  mac?: string
  alias?: string
  name?: string
  /** `null` takes it out of its bridge. */
  master?: LinkRef | null
  /** Settings as a bridge's port. */
  port?: LinkPort
}
