import test from 'ava'
import type { Client, InformerFactory } from '../../../api/client/client.ts'
import { configMaps, namespaces } from '../../../api/kinds/core.ts'
import { namespaceLifecycle } from '../../../control-plane/admission/namespace-lifecycle.ts'
import type { AdmissionAttributes } from '../../../plugins/admission.ts'

const named = (name: string, phase: string) => ({
  apiVersion: 'v1',
  kind: 'Namespace',
  metadata: { name },
  status: { phase },
})

test('an informer that is behind lets nothing into a namespace that was deleted here', async t => {
  let asked = 0
  const informers = {
    informer: () => ({ get: (name: string) => named(name, 'Active') }),
  } as unknown as InformerFactory
  const client = {
    async get(_kind: unknown, { name }: { name: string }) {
      asked++
      return named(name, 'Terminating')
    },
  } as unknown as Client
  const plugin = namespaceLifecycle(client, informers)
  const create = (namespace: string) =>
    plugin.mutate!({
      operation: 'CREATE',
      kind: configMaps,
      subresource: '',
      namespace,
      name: 'late',
      object: { metadata: { name: 'late' } },
    } as unknown as AdmissionAttributes)
  await create('going')
  t.is(asked, 0)
  await plugin.mutate!({
    operation: 'DELETE',
    kind: namespaces,
    subresource: '',
    name: 'going',
  } as unknown as AdmissionAttributes)
  const { message } = (await t.throwsAsync(async () => create('going')))!
  t.regex(message, /because it is being terminated/)
  await create('other')
  t.is(asked, 1)
})
