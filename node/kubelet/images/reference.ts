const DOMAIN =
  '(?:[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?)(?:\\.[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?)*(?::[0-9]+)?'
const COMPONENT = '[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*'
const REFERENCE = new RegExp(
  `^(?:${DOMAIN}/)?${COMPONENT}(?:/${COMPONENT})*(?::[\\w][\\w.-]{0,127})?(?:@[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,})?$`,
)

/** True for what the distribution specification takes as an image reference. */
export const isValidReference = (image: string): boolean => REFERENCE.test(image) && image.length <= 512

/** The full form: registry, repository and tag are there (`busybox` → `docker.io/library/busybox:latest`). */
export function normalizeReference(image: string): string {
  const slash = image.indexOf('/')
  const first = slash < 0 ? '' : image.slice(0, slash)
  const hasRegistry = first.includes('.') || first.includes(':') || first === 'localhost'
  const named = hasRegistry ? image : `docker.io/${slash < 0 ? 'library/' : ''}${image}`
  const last = named.slice(named.lastIndexOf('/') + 1)
  return last.includes(':') || last.includes('@') ? named : `${named}:latest`
}
