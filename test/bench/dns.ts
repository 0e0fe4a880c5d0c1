// Queries per second the node's DNS answers for Services, by dnsperf over UDP and TCP
import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { createNamespace } from '../helpers/namespaces.ts'
import { printTable } from './table.ts'

const SERVER = fileURLToPath(new URL('../fixtures/dns-node.ts', import.meta.url))
const SERVICES = 1_000
const SECONDS = '5'

const figure = (output: string, label: string): string =>
  new RegExp(`${label}:?\\s+([\\d.]+)`).exec(output)?.[1] ?? '?'

export default async function bench(): Promise<void> {
  await promisify(execFile)('dnsperf', ['-h']).catch(error => {
    if (error.code === 'ENOENT') throw new Error('dnsperf is missing; install it: apt-get install dnsperf')
  })
  const dir = await mkdtemp(join(tmpdir(), 'skiff-dns-bench-'))
  const namespace = await createNamespace('dns')
  try {
    const names = join(dir, 'names')
    const lines = Array.from({ length: SERVICES }, (_, i) => `s${i}.default.svc.cluster.local A`)
    await writeFile(names, `${lines.join('\n')}\n`)
    const port: number = await namespace.start(SERVER).call('start', SERVICES)
    const rows: string[][] = []
    for (const mode of ['udp', 'tcp']) {
      const args = ['-s', '127.0.0.1', '-p', String(port), '-d', names, '-l', SECONDS, '-c', '4', '-m', mode]
      const output = await namespace.run('dnsperf', ...args)
      const latency = Number(figure(output, 'Average Latency \\(s\\)')) * 1000
      rows.push([
        mode,
        Number(figure(output, 'Queries per second')).toFixed(0),
        `${latency.toFixed(2)} ms`,
        figure(output, 'Queries lost'),
      ])
    }
    printTable(`DNS, ${SERVICES} Services`, ['OVER', 'QUERIES/S', 'MEAN LATENCY', 'LOST'], rows)
  } finally {
    await namespace.remove()
    await rm(dir, { recursive: true, force: true })
  }
}
