// A change of a Service's endpoints until its rule is in the kernel (nftables), with 10 and with 1,000 Services
import { createProxyLab, service, slice } from '../helpers/proxy-lab.ts'
import { percentile, printTable } from './table.ts'

const SIZES = [10, 1_000]
const CHANGES = 200

const milliseconds = (value: number): string => `${value.toFixed(1)} ms`

/** Services of their own addresses, with two endpoints each. */
function cluster(size: number): object[] {
  return Array.from({ length: size }, (_, i) => ({
    services: service(`bench-${i}`, `10.96.${1 + Math.floor(i / 250)}.${1 + (i % 250)}`),
    endpointSlices: slice(`bench-${i}`, [1, 2]),
  }))
}

/** Times of `change` for CHANGES Services in turn. */
async function measure(change: (i: number) => Promise<number>): Promise<number[]> {
  const times: number[] = []
  for (let i = 0; i < CHANGES; i++) times.push(await change(i))
  return times
}

export default async function bench(): Promise<void> {
  const rows: string[][] = []
  const lab = await createProxyLab('nftables')
  try {
    for (const size of SIZES) {
      const started = performance.now()
      const proxy = await lab.startProxy({ first: cluster(size) })
      const start = performance.now() - started
      const endpoints = await measure(i =>
        proxy.call(
          'applied',
          'endpointSlices',
          slice(`bench-${i % size}`, i % (2 * size) < size ? [2, 3] : [1, 2]),
        ),
      )
      const created = await measure(i =>
        proxy.call('applied', 'services', service(`new-${i}`, `10.97.0.${1 + i}`)),
      )
      for (const [what, times] of Object.entries({
        'endpoints change': endpoints,
        'Service is made': created,
      })) {
        rows.push([
          `${size}`,
          what,
          milliseconds(percentile(times, 50)),
          milliseconds(percentile(times, 99)),
          milliseconds(start),
        ])
      }
      await proxy.kill()
    }
  } finally {
    await lab.remove()
  }
  printTable('Change → rule in the kernel', ['SERVICES', 'WHAT', 'P50', 'P99', 'START OF ALL'], rows)
}
