// Sends the same requests to our API server and to another Kubernetes API, and prints how the answers differ:
// `npm run compare -- --peer KUBECONFIG [--peer-command CMD]`. Both should be empty: what is asked for is not taken back.
import { parseArgs } from 'node:util'
import { Connection } from '../bench/api/connection.ts'
import { ours, peer } from '../bench/api/servers.ts'
import { type Case, cases } from './cases.ts'
import { type Answer, differences } from './differences.ts'

const { values } = parseArgs({ options: { peer: { type: 'string' }, 'peer-command': { type: 'string' } } })
if (!values.peer) throw new Error('--peer is left out, expected the kubeconfig of a Kubernetes API')

async function ask(connection: Connection, { method, path, body, type }: Case): Promise<Answer> {
  const { status, body: bytes } = await connection.send({ method, path, body, type }, true)
  const text = bytes.toString()
  return { status, body: /^[[{]/.test(text) ? JSON.parse(text) : text }
}

async function compare(theirs: Connection, own: Connection): Promise<void> {
  let differing = 0
  for (const each of cases) {
    const [wanted, found] = [await ask(theirs, each), await ask(own, each)]
    const lines = differences(wanted, found)
    if (lines.length === 0) continue
    differing++
    console.log(`${each.method} ${each.path}`)
    for (const line of lines) console.log(`    ${line}`)
  }
  console.log(`${cases.length} requests, ${differing} answered otherwise (peer · ours)`)
}

const servers = [await peer(values.peer, values['peer-command']).start()]
try {
  servers.push(await ours.start())
  const [theirs, own] = await Promise.all(servers.map(({ config }) => Connection.open(config)))
  await compare(theirs!, own!)
  for (const connection of [theirs!, own!]) connection.close()
} finally {
  await Promise.all(servers.map(server => server.stop()))
}
