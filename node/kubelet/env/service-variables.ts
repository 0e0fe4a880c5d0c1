import type { Service } from '../../../api/kinds/types.ts'

/**
 * Docker-links-like variables of the Services a Pod can see: those of its namespace when service links are on, and the
 * API server's (`kubernetes` in `default`) always.
 */
export function serviceVariables(
  services: Service[],
  namespace: string,
  links: boolean,
): Map<string, string> {
  const visible = services.filter(({ spec }) => spec.clusterIP && spec.clusterIP !== 'None')
  const isMaster = ({ metadata }: Service): boolean =>
    metadata.namespace === 'default' && metadata.name === 'kubernetes'
  const linked = visible.filter(({ metadata }) => links && metadata.namespace === namespace)
  // A Service of that name in the Pod's own namespace comes first.
  const hidesMaster = linked.some(({ metadata }) => metadata.name === 'kubernetes')
  const shown = hidesMaster ? linked : [...visible.filter(isMaster), ...linked]
  return new Map(shown.flatMap(variablesOf))
}

function variablesOf({ metadata, spec }: Service): [string, string][] {
  const prefix = metadata.name.toUpperCase().replaceAll('-', '_')
  const host = spec.clusterIP!
  const ports = spec.ports ?? []
  const first = ports[0]
  if (!first) return []
  const named = ports
    .filter(({ name }) => name)
    .map(({ name, port }): [string, string] => [
      `${prefix}_SERVICE_PORT_${name!.toUpperCase().replaceAll('-', '_')}`,
      String(port),
    ])
  const url = (port: number, protocol: string): string => `${protocol.toLowerCase()}://${host}:${port}`
  return [
    [`${prefix}_SERVICE_HOST`, host],
    [`${prefix}_SERVICE_PORT`, String(first.port)],
    ...named,
    [`${prefix}_PORT`, url(first.port, first.protocol ?? 'TCP')],
    ...ports.flatMap(({ port, protocol = 'TCP' }): [string, string][] => {
      const base = `${prefix}_PORT_${port}_${protocol}`
      return [
        [base, url(port, protocol)],
        [`${base}_PROTO`, protocol.toLowerCase()],
        [`${base}_PORT`, String(port)],
        [`${base}_ADDR`, host],
      ]
    }),
  ]
}
