import type { Container, PodSpec } from '../../../api/kinds/types.ts'
import type { ObjectMeta } from '../../../api/meta/object.ts'

/** A Pod, or the template of one. */
export interface Checked {
  metadata?: Partial<ObjectMeta>
  spec: PodSpec
}

/** What has a security context: the Pod as a whole, or a container. */
export interface Holder {
  securityContext?: PodSpec['securityContext'] & Container['securityContext']
}

/** One rule of the Pod Security Standards: what is wrong with a Pod, or nothing. */
export type Check = (pod: Checked) => Fault | undefined

export interface Fault {
  reason: string
  detail?: string
}

export const containersOf = ({ spec }: Checked): Container[] => [
  ...(spec.initContainers ?? []),
  ...(spec.containers ?? []),
  ...(spec.ephemeralContainers ?? []),
]

export const quoted = (names: Iterable<string>): string =>
  [...names].map(name => JSON.stringify(name)).join(', ')
export const sortedQuoted = (names: Iterable<string>): string => quoted([...new Set(names)].sort())

/** `container "a"`, `containers "a", "b"`. */
export const naming = (containers: Container[]): string =>
  `container${containers.length === 1 ? '' : 's'} ${quoted(containers.map(({ name }) => name))}`

const isWindows = ({ spec }: Checked): boolean => spec.os?.name === 'windows'

/** A rule that every container must keep. */
export const eachContainer =
  (reason: string, isWrong: (container: Container) => boolean, detail: string): Check =>
  pod => {
    const wrong = containersOf(pod).filter(container => isWrong(container))
    return wrong.length > 0 ? { reason, detail: `${naming(wrong)} ${detail}` } : undefined
  }

/** Windows has no such thing. */
export const onlyLinux =
  (check: Check): Check =>
  pod =>
    isWindows(pod) ? undefined : check(pod)

/** A rule since a minor version, until another one of its row follows. */
export type Versions = [since: number, check: Check][]
