import { json } from 'node:stream/consumers'
import test from 'ava'
import { imagePolicy } from '../../../control-plane/admission/opt-in/image-policy.ts'
import { attributesOf, refusal } from '../../helpers/admission.ts'
import { createFakeInformers } from '../../helpers/fake-informers.ts'
import { startTlsServer } from '../../helpers/tls-server.ts'

interface Asked {
  token: string | undefined
  spec: any
}

/** A backend that answers reviews in turn, and the plugin that asks it. */
async function startBackend(answers: (object | number)[], settings: object = {}) {
  const asked: Asked[] = []
  const tls = await startTlsServer(async (request, response) => {
    const { spec, kind, apiVersion } = (await json(request)) as any
    asked.push({ token: request.headers.authorization, spec })
    const answer = answers.length > 1 ? answers.shift()! : answers[0]!
    response.statusCode = typeof answer === 'number' ? answer : 200
    response.setHeader('content-type', 'application/json')
    response.end(JSON.stringify({ kind, apiVersion, spec, status: answer }))
  })
  const ca = Buffer.from(tls.caBundle, 'base64').toString()
  const backend = { server: `${tls.url}/review`, ca, token: 'secret' }
  const usual = { backend, allowTtl: 60_000, denyTtl: 0, retryBackoff: 1, defaultAllow: false }
  const plugin = imagePolicy({ ...usual, ...settings }, createFakeInformers())
  const notes: Record<string, string> = {}
  const origin = {
    options: () => undefined,
    annotate(key: string, value: string) {
      notes[key] = value
    },
  }
  const ask = (image: string) => {
    const metadata = { name: 'p', annotations: { 'me.image-policy.k8s.io/ticket': '7', other: 'x' } }
    const object: any = { metadata, spec: { containers: [{ image }], initContainers: [{ image: 'init' }] } }
    return refusal(plugin, attributesOf('pods', { object, namespace: 'n', origin }))
  }
  return { ask, asked, notes, stop: () => tls.stop() }
}

test('the backend is told of images and its own annotations, and what it allows is remembered', async t => {
  const backend = await startBackend([{ allowed: true, auditAnnotations: { seen: 'yes' } }])
  t.is(await backend.ask('app'), undefined)
  t.is(await backend.ask('app'), undefined)
  t.deepEqual(backend.asked, [
    {
      token: 'Bearer secret',
      spec: {
        containers: [{ image: 'app' }, { image: 'init' }],
        annotations: { 'me.image-policy.k8s.io/ticket': '7' },
        namespace: 'n',
      },
    },
  ])
  t.deepEqual(backend.notes, { 'imagepolicywebhook.image-policy.k8s.io/seen': 'yes' })
  await backend.stop()
})

test('what the backend refuses is refused, and asked again where refusals are not remembered', async t => {
  const backend = await startBackend([{ allowed: false, reason: 'too old' }, { allowed: false }])
  t.is(
    await backend.ask('app'),
    'pods "p" is forbidden: image policy webhook backend denied one or more images: too old',
  )
  t.is(await backend.ask('app'), 'pods "p" is forbidden: one or more images rejected by webhook backend')
  await backend.stop()
})

test('a backend that fails for a moment is asked again', async t => {
  const backend = await startBackend([500, 429, { allowed: true }])
  t.is(await backend.ask('app'), undefined)
  t.is(backend.asked.length, 3)
  await backend.stop()
})

test('images are refused where the backend cannot be asked, unless they are to be let in', async t => {
  const strict = await startBackend([403])
  t.regex((await strict.ask('app'))!, /^pods "p" is forbidden: /)
  await strict.stop()
  t.regex((await strict.ask('app'))!, /^pods "p" is forbidden: .*connection refused/)
  const open = await startBackend([403], { defaultAllow: true })
  t.is(await open.ask('app'), undefined)
  t.deepEqual(open.notes, { 'imagepolicywebhook.image-policy.k8s.io/failed-open': 'true' })
  await open.stop()
})
