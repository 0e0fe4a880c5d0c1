// `skiff up` and `skiff down` with two workers, as a user runs them: seconds, median of 3.
import { fileURLToPath } from 'node:url'
import { run } from '../../lab/command.ts'
import type { LabOptions } from '../../lab/options.ts'
import { benchLabOptions, takingBack } from './lab.ts'
import { percentile, printTable, seconds } from './table.ts'

const SKIFF = fileURLToPath(new URL('../../skiff', import.meta.url))
const RUNS = 3
const DEADLINE = 120_000

interface Times {
  up: number
  down: number
}

/** Each time from nothing: images and certificates are made anew. */
export default async function labUp(): Promise<void> {
  const options = await benchLabOptions()
  await takingBack(options, async () => {
    const plain = await repeat(() => upAndDown(options, ['--no-demo']))
    const demo = await repeat(() => upAndDown(options, []))
    printTable(
      'Lab start-up',
      ['WHAT', 'MEDIAN', 'EACH'],
      [
        row(
          'up, until all nodes are ready',
          plain.map(({ up }) => up),
        ),
        row(
          'up, until the demo was deployed and answered',
          demo.map(({ up }) => up),
        ),
        row(
          'down',
          [...plain, ...demo].map(({ down }) => down),
        ),
      ],
    )
  })
}

async function repeat(measure: () => Promise<Times>): Promise<Times[]> {
  const times: Times[] = []
  for (let i = 0; i < RUNS; i++) times.push(await measure())
  return times
}

async function upAndDown({ name, dataDir, subnet, kubeconfig }: LabOptions, flags: string[]): Promise<Times> {
  const where = ['--name', name, '--data', dataDir, '--subnet', subnet, '--kubeconfig', kubeconfig]
  const up = await timeSkiff(['up', ...where, ...flags])
  const down = await timeSkiff(['down', '--data', dataDir])
  return { up, down }
}

async function timeSkiff(args: string[]): Promise<number> {
  const started = performance.now()
  await run(SKIFF, args, { timeout: DEADLINE })
  return performance.now() - started
}

const row = (what: string, times: number[]): string[] => [
  what,
  seconds(percentile(times, 50)),
  times.map(seconds).join(', '),
]
