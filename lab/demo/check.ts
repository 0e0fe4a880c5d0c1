import type { Client } from '../../api/client/client.ts'
import { deployments } from '../../api/kinds/apps.ts'
import { pods, services } from '../../api/kinds/core.ts'
import { isNotFound } from '../../api/meta/status.ts'
import { createMissing } from '../create-missing.ts'
import { waitFor } from '../wait-for.ts'
import { HELLO_NAMES, helloClient, helloDeployment, helloService } from './manifests.ts'

/** What the demo's client saw. */
export interface DemoResult {
  /** Each name and the address it resolved to. */
  names: { name: string; address: string }[]
  /** Each Pod that answered, and how often. */
  answers: { pod: string; node: string; ip: string; count: number }[]
}

const DEADLINE = 60_000

/** Deploys `hello` and waits until all its Pods are ready. */
export async function deployDemo(client: Client): Promise<void> {
  await createMissing(client, deployments, helloDeployment)
  await createMissing(client, services, helloService)
  const name = { name: 'hello', namespace: 'default' }
  await waitFor(client, deployments, name, ({ spec, status }) => status?.readyReplicas === spec.replicas, {
    what: 'all Pods of Deployment hello to be ready',
    deadline: DEADLINE,
  })
}

/** Runs the client Pod and reads what it printed. */
export async function runDemoClient(client: Client): Promise<DemoResult> {
  const name = { name: helloClient.metadata.name, namespace: 'default' }
  await removePod(client, name)
  await client.create(pods, helloClient)
  await waitFor(client, pods, name, pod => ['Succeeded', 'Failed'].includes(pod.status?.phase ?? ''), {
    what: 'the demo client to finish',
    deadline: DEADLINE,
  })
  return parseOutput(await client.request<string>('GET', '/api/v1/namespaces/default/pods/hello-client/log'))
}

async function removePod(client: Client, name: { name: string; namespace: string }): Promise<void> {
  await client.delete(pods, name, { gracePeriodSeconds: 0 }).catch(error => {
    if (!isNotFound(error)) throw error
  })
}

function parseOutput(output: string): DemoResult {
  const lines = output
    .trim()
    .split('\n')
    .map(line => line.trim().split(' '))
  const names = lines
    .filter(([what]) => what === 'name')
    .map(([, name = '', address = '']) => ({ name, address }))
  const answers = new Map<string, DemoResult['answers'][number]>()
  for (const [what, pod = '', node = '', ip = ''] of lines) {
    if (what !== 'answer') continue
    const answer = answers.get(pod) ?? { pod, node, ip, count: 0 }
    answer.count += 1
    answers.set(pod, answer)
  }
  return { names, answers: [...answers.values()].sort((a, b) => a.pod.localeCompare(b.pod)) }
}

/** What is wrong with a result; empty when every name resolved and all Pods on all wanted nodes answered. */
export function demoFaults({ names, answers }: DemoResult, workers: number): string[] {
  const unresolved = HELLO_NAMES.filter(
    name => !names.some(seen => seen.name === name && seen.address !== 'unresolved'),
  )
  const lost = answers.filter(({ ip }) => ip === '' || !/^\d+\.\d+\.\d+\.\d+$/.test(ip))
  const good = answers.length - lost.length
  const nodes = new Set(answers.map(({ node }) => node)).size
  return [
    ...unresolved.map(name => `${name} did not resolve`),
    ...lost.map(
      ({ pod, node, ip, count }) => `${count} requests failed: ${[pod, node, ip].join(' ').trim()}`,
    ),
    ...(good === helloDeployment.spec.replicas
      ? []
      : [`${good} Pods answered, expected ${helloDeployment.spec.replicas}`]),
    ...(nodes >= Math.min(workers, 2) ? [] : [`answers came from ${nodes} worker only`]),
  ]
}
