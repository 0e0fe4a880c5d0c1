import type { Registry } from 'prom-client'
import type { InformerFactory } from '../../../api/client/client.ts'
import { type ApiService, apiServices } from '../../../api/kinds/apiregistration.ts'
import { CounterTable, register } from '../metrics/tables.ts'
import { isAvailable } from './availability.ts'

/** Tells under upstream's names which APIServices cannot be used, and how often each became so. */
export function registerAvailability(registry: Registry, informers: InformerFactory): void {
  const services = informers.informer(apiServices)
  register(registry, 'aggregator_unavailable_apiservice', 'gauge', 'APIServices that cannot be used', () =>
    services.list().map(service => ({
      labels: { name: service.metadata.name },
      value: isAvailable(service) ? 0 : 1,
    })),
  )
  const name = 'aggregator_unavailable_apiservice_total'
  const total = new CounterTable(registry, name, 'How often APIServices could not be used any more')
  services.addHandler({
    updated(service, before) {
      if (!isAvailable(before) || isAvailable(service)) return
      const labels = { name: service.metadata.name, reason: reasonOf(service) }
      total.add(Object.values(labels).join(' '), () => labels)
    },
  })
}

const reasonOf = ({ status }: ApiService): string =>
  status?.conditions?.find(({ type }) => type === 'Available')?.reason ?? 'UnknownReason'
