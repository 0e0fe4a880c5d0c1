/** `deployments.apps` → deployments of apps; `secrets` and `secrets.` → secrets of the core group. */
export function groupResource(name: string): { resource: string; group: string } {
  const dot = name.indexOf('.')
  return dot < 0
    ? { resource: name, group: '' }
    : { resource: name.slice(0, dot), group: name.slice(dot + 1) }
}

/** What a type of the store (`secrets`, `deployments.apps`) may be named by, the most exact first. */
export function namesOf(type: string): string[] {
  const { resource, group } = groupResource(type)
  return [`${resource}.${group}`, `*.${group}`, '*.*']
}

/** A name of a configuration in the form of {@link namesOf}. */
export function exactName(name: string): string {
  const { resource, group } = groupResource(name)
  return `${resource}.${group}`
}
