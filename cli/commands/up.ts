import { resolve } from 'node:path'
import { styleText } from 'node:util'
import { Listr } from 'listr2'
import type { DemoResult } from '../../lab/demo/check.ts'
import type { LabOptions } from '../../lab/options.ts'
import { serverUrl } from '../../lab/options.ts'
import { type Step, type UpContext, upSteps } from '../../lab/up.ts'
import { UserError } from '../failure.ts'
import { formatTable } from '../table.ts'

type UpFlags = Omit<LabOptions, 'dataDir'> & { data: string }

/** `skiff up`: brings the lab up step by step, then shows what the demo answered and what to try. */
export async function up({ data, ...flags }: UpFlags): Promise<void> {
  const options: LabOptions = { ...flags, dataDir: resolve(data), kubeconfig: resolve(flags.kubeconfig) }
  const context: UpContext = { options, proxy: 'nftables', images: [] }
  const started = Date.now()
  await (process.stdout.isTTY ? runLive(context) : runPlain(context))
  context.client?.close()
  if (context.demo) showDemo(context.demo)
  showWhatToTry(options, (Date.now() - started) / 1000)
}

/** A list that is redrawn, for a terminal. */
async function runLive(context: UpContext): Promise<void> {
  const tasks = upSteps.map(step => ({
    title: step.title,
    enabled: () => step.enabled?.(context) ?? true,
    task: async (_: unknown, task: { title: string }) => {
      const started = Date.now()
      const found = await runStep(step, context)
      task.title = describe(step, found, started)
    },
  }))
  await new Listr(tasks, { rendererOptions: { collapseErrors: false, showErrorMessage: false } }).run()
}

/** A line a step, for a log. */
async function runPlain(context: UpContext): Promise<void> {
  for (const step of upSteps) {
    if (step.enabled && !step.enabled(context)) continue
    const started = Date.now()
    const found = await runStep(step, context)
    console.log(`✔ ${describe(step, found, started)}`)
  }
}

function describe(step: Step, found: string | undefined, started: number): string {
  const seconds = ((Date.now() - started) / 1000).toFixed(1)
  return `${step.title} ${styleText('dim', `${found ? `(${found}) ` : ''}${seconds} s`)}`
}

/** Errors say in which step they came up; what was made stays, for a look at the logs or another try. */
async function runStep(step: Step, context: UpContext): Promise<string | undefined> {
  try {
    return await step.run(context)
  } catch (cause) {
    const { message, hint } = cause as Error & { hint?: string }
    const { dataDir } = context.options
    const next = `Logs are in ${dataDir}/*/log. Run \`skiff up\` again to go on, or \`skiff down --data ${dataDir}\` to take all back.`
    throw new UserError(`step "${step.title}" failed: ${message}`, hint ?? next, { cause })
  }
}

function showDemo({ names, answers }: DemoResult): void {
  console.log('\nIn a Pod:')
  console.log(formatTable([['NAME', 'RESOLVES TO'], ...names.map(({ name, address }) => [name, address])]))
  console.log('\nhttp://hello/ was answered by:')
  const rows = answers.map(({ pod, node, ip, count }) => [pod, node, ip, String(count)])
  console.log(formatTable([['POD', 'NODE', 'POD IP', 'TIMES'], ...rows]))
}

function showWhatToTry(options: LabOptions, seconds: number): void {
  console.log(`
Up after ${seconds.toFixed(1)} s: ${options.workers + 1} machines, API at ${serverUrl(options)}. Try:

  export KUBECONFIG=${options.kubeconfig}
  kubectl get nodes,pods -A -o wide
  kubectl scale deployment hello --replicas 5
  kubectl exec -it deploy/hello -- sh
  ./skiff status
  npm run down`)
}
