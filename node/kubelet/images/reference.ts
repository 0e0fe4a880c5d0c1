const DOMAIN =
  '(?:[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?)(?:\\.[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?)*(?::[0-9]+)?'
const COMPONENT = '[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*'
const REFERENCE = new RegExp(
  `^(?:${DOMAIN}/)?${COMPONENT}(?:/${COMPONENT})*(?::[\\w][\\w.-]{0,127})?(?:@[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,})?$`,
)

/** What is wrong with an image reference by the distribution specification; undefined for a good one. */
export function checkReference(image: string): string | undefined {
  if (REFERENCE.test(image) && image.length <= LONGEST) return undefined
  const fault = 'invalid reference format'
  if (!REFERENCE.test(image.toLowerCase())) return fault
  const [repository = ''] = image.split(/[:@](?!.*\/)/)
  return `${fault}: repository name (${repository.includes('/') ? repository : `library/${repository}`}) must be lowercase`
}

const LONGEST = 512

/** The full form: registry, repository and tag are there (`busybox` → `docker.io/library/busybox:latest`). */
export function normalizeReference(image: string): string {
  const slash = image.indexOf('/')
  const first = slash < 0 ? '' : image.slice(0, slash)
  const hasRegistry = first.includes('.') || first.includes(':') || first === 'localhost'
  const named = hasRegistry ? image : `docker.io/${slash < 0 ? 'library/' : ''}${image}`
  const last = named.slice(named.lastIndexOf('/') + 1)
  return last.includes(':') || last.includes('@') ? named : `${named}:latest`
}
