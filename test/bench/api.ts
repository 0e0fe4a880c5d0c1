// The API server under load, alone or against a peer: rates, delays, memory (-- --peer KUBECONFIG [--peer-command CMD]).
import { loadavg } from 'node:os'
import { parseArgs } from 'node:util'
import { type Measurement, measurements, prepare, type Unit } from './api/measurements.ts'
import { type Contestant, ours, peer } from './api/servers.ts'
import { percentile, printTable } from './table.ts'

/** All figures of a row, by contestant. */
interface Row {
  unit: Unit
  values: Map<string, number[]>
}

export default async function api(): Promise<void> {
  const { contestants, rounds, chosen } = readOptions()
  const rows = new Map<string, Row>()
  for (let round = 1; round <= rounds; round++) {
    for (const measurement of chosen) {
      for (const contestant of contestants) {
        const load = loadavg()[0]!.toFixed(1)
        console.log(`round ${round}: ${measurement.name}, ${contestant.name} (load average ${load})`)
        await measure(contestant, measurement, rows)
      }
    }
    printRows(rows, contestants, round)
  }
}

function readOptions() {
  const { values } = parseArgs({
    args: process.argv.slice(3),
    options: {
      peer: { type: 'string' },
      'peer-command': { type: 'string' },
      rounds: { type: 'string', default: '3' },
      only: { type: 'string' },
    },
  })
  const rounds = Number(values.rounds)
  if (!Number.isInteger(rounds) || rounds < 1) {
    throw new Error(`--rounds is ${JSON.stringify(values.rounds)}, expected a whole number from 1`)
  }
  const names = values.only?.split(',') ?? measurements.map(({ name }) => name)
  const unknown = names.find(name => !measurements.some(measurement => measurement.name === name))
  if (unknown !== undefined) {
    const known = measurements.map(({ name }) => name).join(', ')
    throw new Error(`--only names ${JSON.stringify(unknown)}, expected some of ${known}`)
  }
  if (values['peer-command'] && !values.peer) {
    throw new Error('--peer-command needs --peer: the kubeconfig that the command writes')
  }
  const contestants = [ours, ...(values.peer ? [peer(values.peer, values['peer-command'])] : [])]
  return { contestants, rounds, chosen: measurements.filter(({ name }) => names.includes(name)) }
}

/** One measurement on a server of its own. */
async function measure(
  contestant: Contestant,
  measurement: Measurement,
  rows: Map<string, Row>,
): Promise<void> {
  const server = await contestant.start()
  const interrupt = (): void => void server.stop().finally(() => process.exit(130))
  process.once('SIGINT', interrupt).once('SIGTERM', interrupt)
  try {
    await prepare(server.config)
    await measurement.run(server, (name, value, unit) => {
      console.log(`  ${contestant.name}: ${name}: ${cell(value, [value])} ${unit}`)
      const row = rows.get(name) ?? { unit, values: new Map() }
      rows.set(name, row)
      row.values.set(contestant.name, [...(row.values.get(contestant.name) ?? []), value])
    })
  } finally {
    process.off('SIGINT', interrupt).off('SIGTERM', interrupt)
    await server.stop()
  }
}

/** Medians of the rounds, and how many times better ours is. */
function printRows(rows: Map<string, Row>, contestants: Contestant[], rounds: number): void {
  const head = ['MEASURED', 'UNIT', ...contestants.map(({ name }) => name.toUpperCase())]
  if (contestants.length > 1) head.push('RATIO')
  const lines = [...rows].map(([name, { unit, values }]) => {
    const medians = contestants.map(contestant => median(values.get(contestant.name) ?? []))
    const cells = medians.map((value, i) => cell(value, values.get(contestants[i]!.name) ?? []))
    const [own, other] = medians
    if (own === undefined || other === undefined) return [name, unit, ...cells, '']
    return [name, unit, ...cells, `${(own / other).toFixed(2)} ×`]
  })
  printTable(`API server: median of ${rounds} rounds (lowest to highest)`, head, lines)
}

const median = (values: number[]): number | undefined =>
  values.length > 0 ? percentile(values, 50) : undefined

function cell(value: number | undefined, values: number[]): string {
  if (value === undefined) return '-'
  const digits = value < 10 ? 2 : value < 100 ? 1 : 0
  const show = (figure: number) => figure.toFixed(digits)
  if (values.length < 2) return show(value)
  return `${show(value)} (${show(Math.min(...values))} to ${show(Math.max(...values))})`
}
