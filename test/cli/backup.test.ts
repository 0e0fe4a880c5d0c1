import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'ava'
import { loadKubeconfig } from '../../api/client/kubeconfig.ts'
import { createClient } from '../../api/client/rest-client.ts'
import { configMaps } from '../../api/kinds/core.ts'
import { freePort } from '../helpers/ports.ts'
import { skiff, startServerProcess } from '../helpers/skiff-process.ts'

test('`skiff backup` of a running server and `skiff restore` bring a cluster back', async t => {
  const dir = await mkdtemp(join(tmpdir(), 'skiff-backup-'))
  const [data, other, file] = [join(dir, 'data'), join(dir, 'other'), join(dir, 'cluster.backup')]
  const port = await freePort()
  let server = await startServerProcess(data, port)
  t.teardown(async () => {
    await server.stop()
    await rm(dir, { recursive: true, force: true })
  })
  const configMap = (name: string) => ({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name, namespace: 'default' },
    data: { name },
  })
  const withClient = async <T>(work: (client: ReturnType<typeof createClient>) => Promise<T>) => {
    const client = createClient(await loadKubeconfig(server.kubeconfig))
    return await work(client).finally(() => client.close())
  }
  const kept = await withClient(async client => {
    const created = await client.create(configMaps, configMap('kept'))
    const taken = await skiff('backup', file, '--data', data)
    t.is(taken.code, 0, taken.stderr)
    t.regex(taken.stdout, /^\S+cluster\.backup: \d+ objects of \d+ types, \d+ bytes\n$/)
    await client.create(configMaps, configMap('later'))
    return created
  })
  const again = await skiff('backup', file, '--data', data)
  t.is(again.code, 1)
  t.regex(again.stderr, /cluster\.backup is there already\nGive another name, or --force/)
  const running = await skiff('restore', file, '--data', data)
  t.is(running.code, 1)
  t.regex(running.stderr, /is in use by a skiff server/)

  await server.stop()
  const full = await skiff('restore', file, '--data', data)
  t.is(full.code, 1)
  t.regex(full.stderr, /the store is not empty \(it has .*give --replace/)
  const damaged = join(dir, 'damaged')
  const content = await readFile(file)
  content[content.length - 5]! ^= 1
  await writeFile(damaged, content)
  const refused = await skiff('restore', damaged, '--data', other)
  t.regex(
    refused.stderr,
    /damaged is damaged: the checksum of section \S+ does not match\nNothing was changed/,
  )

  const restored = await skiff('restore', file, '--data', data, '--replace')
  t.is(restored.code, 0, restored.stderr)
  t.regex(restored.stdout, /^restored \d+ objects of \S+Z; now start the server/)
  server = await startServerProcess(data, port)
  await withClient(async client => {
    const found = await client.get(configMaps, { namespace: 'default', name: 'kept' })
    t.is(found.metadata.uid, kept.metadata.uid)
    t.true(Number(found.metadata.resourceVersion) > Number(kept.metadata.resourceVersion))
    const names = (await client.list(configMaps, { namespace: 'default' })).items.map(
      ({ metadata }) => metadata.name,
    )
    t.false(names.includes('later'))
  })
})

test('a backup says what it cannot find, and a restore what it cannot read', async t => {
  const missing = await skiff('backup', '/tmp/never-written', '--data', '/not/there')
  t.regex(missing.stderr, /\/not\/there has no store\nGive the --data of a server, or its --store/)
  const unread = await skiff('restore', '/not/there')
  t.regex(unread.stderr, /cannot read \/not\/there: ENOENT/)
  const wrong = await skiff('backup', '/tmp/never-written', '--store', 'mysql://x')
  t.regex(wrong.stderr, /--store: store URL "mysql:\/\/x": unknown scheme/)
})
