import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'ava'
import { loadKubeconfig } from '../../api/client/kubeconfig.ts'
import { createClient } from '../../api/client/rest-client.ts'
import { configMaps } from '../../api/kinds/core.ts'
import { freePort } from '../helpers/ports.ts'
import { skiff, startServerProcess } from '../helpers/skiff-process.ts'

const EXAMPLE = join(import.meta.dirname, '../../plugins/examples/memory-store.ts')

test('a server keeps its objects in the store that a configuration file names', async t => {
  const dir = await mkdtemp(join(tmpdir(), 'skiff-store-plugin-'))
  const file = join(dir, 'store.yaml')
  await writeFile(file, `name: memory\nsource: ${EXAMPLE}\nconfig: { logLength: 500 }\n`)
  const server = await startServerProcess(join(dir, 'data'), await freePort(), '--store-plugin', file)
  t.teardown(async () => {
    await server.stop()
    await rm(dir, { recursive: true, force: true })
  })
  const client = createClient(await loadKubeconfig(server.kubeconfig))
  const metadata = { name: 'kept', namespace: 'default' }
  await client.create(configMaps, { apiVersion: 'v1', kind: 'ConfigMap', metadata, data: { a: 'b' } })
  t.deepEqual((await client.get(configMaps, metadata)).data, { a: 'b' })
  client.close()
})

test('a configuration of a store that cannot be used is refused before anything starts', async t => {
  const dir = await mkdtemp(join(tmpdir(), 'skiff-store-plugin-'))
  t.teardown(() => rm(dir, { recursive: true, force: true }))
  const file = join(dir, 'store.yaml')
  const refusal = async (...args: string[]) =>
    (await skiff('server', '--data', join(dir, 'data'), ...args)).stderr
  await writeFile(file, 'name: memory\n')
  t.regex(await refusal('--store-plugin', file), /--store-plugin \S+: expected "name" and "source"/)
  t.regex(await refusal('--store-plugin', join(dir, 'not-there')), /--store-plugin ENOENT/)
  t.regex(await refusal('--store', '/x', '--store-plugin', file), /expected one of them/)
})
