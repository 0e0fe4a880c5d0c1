import type { Client } from '../api/client/client.ts'
import { installAddOns } from './add-ons.ts'
import { connect, READY_DEADLINE, startControlPlane } from './control-plane.ts'
import { createCredentials } from './credentials.ts'
import { type DemoResult, demoFaults, deployDemo, runDemoClient } from './demo/check.ts'
import { makeLabImages } from './images/lab-images.ts'
import { checkOptions, type LabOptions, machineSpecs } from './options.ts'
import { checkHost, kernelHasIpvs, PreflightError } from './preflight.ts'
import { dataDirs, findLab, writeLab } from './state.ts'
import { createSwitch } from './switch.ts'
import { removeExtraWorkers, startWorker, waitForNode } from './worker.ts'

/** One step of bringing a lab up. It may say a few words about what it found; running it again mends. */
export interface Step {
  title: string
  /** False leaves the step out. */
  enabled?(context: UpContext): boolean
  run(context: UpContext): Promise<string | undefined>
}

/** What the steps find out for those after them. */
export interface UpContext {
  options: LabOptions
  proxy: 'ipvs' | 'nftables'
  images: string[]
  client?: Client
  demo?: DemoResult
}

/** The steps of `skiff up`, in order. */
export const upSteps: Step[] = [
  { title: 'Check this machine', run: checkMachine },
  { title: 'Make images', run: makeImages },
  { title: 'Make certificates', run: makeCertificates },
  { title: 'Start machines', run: startMachines },
  { title: 'Nodes ready', run: waitForNodes },
  {
    title: 'Deploy the demo',
    enabled: ({ options }) => options.demo,
    run: deploy,
  },
  { title: 'Ask the demo', enabled: ({ options }) => options.demo, run: askDemo },
]

async function checkMachine(context: UpContext): Promise<string> {
  const { options } = context
  checkOptions(options)
  await findLab(options)
  await checkHost(options)
  context.proxy = await chooseProxy(options)
  await writeLab(options)
  if (context.proxy === 'ipvs' || options.proxy === 'nftables') return `proxy: ${context.proxy}`
  return 'proxy: nftables (this kernel has no IPVS)'
}

/** IPVS where the kernel has it. */
async function chooseProxy(options: LabOptions): Promise<'ipvs' | 'nftables'> {
  if (options.proxy === 'nftables') return 'nftables'
  if (await kernelHasIpvs()) return 'ipvs'
  if (options.proxy === undefined) return 'nftables'
  throw new PreflightError(
    '--proxy ipvs: this kernel has no IPVS (CONFIG_IP_VS)',
    'Leave --proxy out, or load the module: modprobe ip_vs',
  )
}

async function makeImages(context: UpContext): Promise<undefined> {
  context.images = await makeLabImages(dataDirs(context.options).images)
}

async function makeCertificates({ options }: UpContext): Promise<undefined> {
  await createCredentials(options)
}

/** The control plane and the workers' runtimes boot at the same time. */
async function startMachines(context: UpContext): Promise<string> {
  const { options, images, proxy } = context
  await createSwitch(options)
  const [controlPlane, ...workers] = machineSpecs(options)
  const started = await Promise.all([
    startControlPlane(options, controlPlane!),
    ...workers.map(worker => startWorker(options, worker, { images, proxy })),
  ])
  context.client = await connect(options, READY_DEADLINE)
  await installAddOns(context.client)
  await removeExtraWorkers(options, context.client)
  const already = started.filter(isNew => !isNew).length
  return already > 0 ? `${already} of ${started.length} were running` : `${started.length} machines`
}

async function waitForNodes({ options, client }: UpContext): Promise<undefined> {
  const workers = machineSpecs(options).filter(({ role }) => role === 'worker')
  await Promise.all(workers.map(worker => waitForNode(client!, worker)))
}

async function askDemo(context: UpContext): Promise<undefined> {
  context.demo = await runDemoClient(context.client!)
  const faults = demoFaults(context.demo, context.options.workers)
  if (faults.length > 0) throw new Error(`the demo does not work: ${faults.join('; ')}`)
}

async function deploy({ client }: UpContext): Promise<undefined> {
  await deployDemo(client!)
}
