/** Group and resource of a type of the store: `deployments.apps`, `things.example.com@v1`. */
export function groupResourceOf(type: string): { group: string; resource: string } {
  const [name = ''] = type.split('@')
  const dot = name.indexOf('.')
  return dot < 0
    ? { group: '', resource: name }
    : { group: name.slice(dot + 1), resource: name.slice(0, dot) }
}
