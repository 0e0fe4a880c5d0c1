import test from 'ava'
import type { PodSpec } from '../../../api/kinds/types.ts'
import { invalid } from '../../../api/meta/status.ts'
import { defaultPod } from '../../../control-plane/registry/pod/defaults.ts'
import { validatePodSpec } from '../../../control-plane/registry/pod/validate-spec.ts'

const spec = (changes: object = {}, container: object = {}): PodSpec => {
  const made = { containers: [{ name: 'c', image: 'i:1', ...container }], ...changes } as PodSpec
  defaultPod(made)
  return made
}

const messageOf = (made: PodSpec): string =>
  invalid({ group: '', kind: 'Pod' }, 'p', validatePodSpec(made, 'spec')).message

const refused = test.macro({
  title: (_, name: string) => `a Pod is refused with upstream's words - ${name}`,
  exec(t, _: string, made: PodSpec, message: string) {
    t.is(messageOf(made), `Pod "p" is invalid: ${message}`)
  },
})

test('a plain Pod is fine', t => {
  t.deepEqual(validatePodSpec(spec(), 'spec'), [])
})

test(refused, 'no containers', spec({ containers: [] }), 'spec.containers: Required value')
test(
  refused,
  'restart policy',
  spec({ restartPolicy: 'Sometimes' }),
  'spec.restartPolicy: Unsupported value: "Sometimes": supported values: "Always", "Never", "OnFailure"',
)
test(refused, 'no image', spec({}, { image: '' }), 'spec.containers[0].image: Required value')
test(
  refused,
  'mount of no volume',
  spec({}, { volumeMounts: [{ name: 'v', mountPath: '/v' }] }),
  'spec.containers[0].volumeMounts[0].name: Not found: "v"',
)
test(
  refused,
  'request above limit',
  spec({}, { resources: { requests: { cpu: '2' }, limits: { cpu: '1' } } }),
  'spec.containers[0].resources.requests: Invalid value: "2": must be less than or equal to cpu limit of 1',
)

test('defaults are those of the API', t => {
  const made = spec({}, { ports: [{ containerPort: 80 }], livenessProbe: { httpGet: { port: 80 } } })
  t.like(made, {
    restartPolicy: 'Always',
    dnsPolicy: 'ClusterFirst',
    terminationGracePeriodSeconds: 30,
    enableServiceLinks: true,
  })
  t.like(made.containers[0], {
    imagePullPolicy: 'IfNotPresent',
    terminationMessagePath: '/dev/termination-log',
  })
  t.is(made.containers[0]!.ports![0]!.protocol, 'TCP')
  t.like(made.containers[0]!.livenessProbe, { periodSeconds: 10, failureThreshold: 3, timeoutSeconds: 1 })
})

test('an image without a tag is pulled every time', t => {
  t.is(spec({}, { image: 'x' }).containers[0]!.imagePullPolicy, 'Always')
  t.is(spec({}, { image: 'r:5000/x' }).containers[0]!.imagePullPolicy, 'Always')
  t.is(spec({}, { image: 'r:5000/x:1' }).containers[0]!.imagePullPolicy, 'IfNotPresent')
})
