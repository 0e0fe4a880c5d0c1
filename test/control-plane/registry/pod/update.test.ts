import test from 'ava'
import { accepted, faultsOf, refused } from '../../../helpers/rules.ts'

const old = {
  metadata: { name: 'p', namespace: 'default' },
  spec: {
    serviceAccountName: 'default',
    nodeName: 'n',
    containers: [
      {
        name: 'c',
        image: 'i:1',
        resources: { requests: { cpu: '1', memory: '1Gi' }, limits: { memory: '2Gi' } },
      },
    ],
    tolerations: [{ key: 'a', operator: 'Exists' }],
  },
  status: { phase: 'Running', qosClass: 'Burstable' },
}
const changed = (spec: object, metadata: object = {}) => ({
  ...old,
  metadata: { ...old.metadata, ...metadata },
  spec: { ...old.spec, ...spec },
})
const container = (changes: object) => changed({ containers: [{ ...old.spec.containers[0], ...changes }] })
const sized = (resources: object, more: object = {}) => container({ resources, ...more })

test(accepted, 'another image', 'pods', container({ image: 'i:2' }), { old })
test(
  accepted,
  'another toleration',
  'pods',
  changed({ tolerations: [...old.spec.tolerations, { operator: 'Exists' }] }),
  {
    old,
  },
)
test(accepted, 'a first deadline', 'pods', changed({ activeDeadlineSeconds: 10 }), { old })

test(
  refused,
  'a longer deadline',
  'pods',
  changed({ activeDeadlineSeconds: 20 }),
  'spec.activeDeadlineSeconds: Invalid value: 20: must be less than or equal to previous value',
  { old: changed({ activeDeadlineSeconds: 10 }) },
)
test(
  refused,
  'one container more',
  'pods',
  changed({ containers: [...old.spec.containers, { name: 'd', image: 'i' }] }),
  'spec.containers: Forbidden: pod updates may not add or remove containers',
  { old },
)
test(
  refused,
  'a toleration taken away',
  'pods',
  changed({ tolerations: [] }),
  'spec.tolerations: Forbidden: existing toleration can not be modified except its tolerationSeconds',
  { old },
)
test(
  refused,
  'a mirror annotation',
  'pods',
  changed({}, { annotations: { 'kubernetes.io/config.mirror': 'x' } }),
  'metadata.annotations[kubernetes.io/config.mirror]: Forbidden: may not add mirror pod annotation',
  { old },
)

test('what may not change is shown as Go shows it', t => {
  const [fault = '', ...others] = faultsOf(
    'pods',
    changed({ hostname: 'h', terminationGracePeriodSeconds: 5 }),
    { old },
  )
  t.deepEqual(others, [])
  const [first, ...lines] = fault.split('\n')
  t.is(
    first,
    'spec: Forbidden: pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)',
  )
  t.is(lines[0], '  core.PodSpec{')
  t.true(lines.includes('- \tHostname: nil,'))
  t.true(lines.includes('+ \tHostname: "h",'))
  t.true(lines.includes('- \tTerminationGracePeriodSeconds: &int64(30),'))
  t.true(lines.includes('+ \tTerminationGracePeriodSeconds: &int64(5),'))
  t.true(lines.some(line => /^ {2}\t\.\.\. \/\/ \d+ identical fields$/.test(line)))
})

const ephemeral = { old, subresource: 'ephemeralcontainers' }
test(
  accepted,
  'a container to look into the Pod',
  'pods',
  changed({
    ephemeralContainers: [{ name: 'debug', image: 'i', targetContainerName: 'c' }],
    hostname: 'ignored',
  }),
  ephemeral,
)
test(
  refused,
  'ephemeral containers with ports, of unknown targets, or with the name of another',
  'pods',
  changed({
    ephemeralContainers: [
      { name: 'c', image: 'i' },
      { name: 'd', image: 'i', targetContainerName: 'x', ports: [{ containerPort: 1 }] },
    ],
  }),
  [
    'spec.ephemeralContainers[0].name: Duplicate value: "c"',
    'spec.ephemeralContainers[1].targetContainerName: Not found: "x"',
    'spec.ephemeralContainers[1].ports: Forbidden: cannot be set for an Ephemeral Container',
  ],
  ephemeral,
)
test(
  refused,
  'an ephemeral container taken away',
  'pods',
  changed({ ephemeralContainers: [] }),
  'spec.ephemeralContainers: Forbidden: existing ephemeral containers "debug" may not be removed\n',
  { ...ephemeral, old: changed({ ephemeralContainers: [{ name: 'debug', image: 'i' }] }) },
)

const resize = { old, subresource: 'resize' }
test(
  accepted,
  'more memory',
  'pods',
  sized({ requests: { cpu: '2', memory: '2Gi' }, limits: { memory: '4Gi' } }),
  resize,
)
test(
  accepted,
  'less memory at most',
  'pods',
  sized({ requests: { cpu: '1', memory: '1Gi' }, limits: { memory: '1536Mi' } }),
  resize,
)
test(
  refused,
  'a resource no longer asked for',
  'pods',
  sized({ requests: { memory: '1Gi' }, limits: { memory: '1Gi' } }),
  'spec.containers[0].resources.requests: Forbidden: resource requests cannot be removed',
  resize,
)
test(
  refused,
  'another way to resize',
  'pods',
  container({ resizePolicy: [{ resourceName: 'cpu', restartPolicy: 'RestartContainer' }] }),
  'spec: Forbidden: only cpu and memory resources are mutable',
  resize,
)
test(
  refused,
  'a Pod on a node that cannot resize',
  'pods',
  sized({ requests: { cpu: '2', memory: '1Gi' }, limits: { memory: '2Gi' } }),
  'spec: Forbidden: Pod running on node without support for resize',
  {
    old: { ...old, status: { ...old.status, containerStatuses: [{ name: 'c', state: { running: {} } }] } },
    subresource: 'resize',
  },
)
test(
  refused,
  'another quality of service',
  'pods',
  sized({ requests: { cpu: '1', memory: '2Gi' }, limits: { cpu: '1', memory: '2Gi' } }),
  'spec: Invalid value: "Burstable": Pod QOS Class may not change as a result of resizing',
  resize,
)
test(
  refused,
  'a device by resizing',
  'pods',
  sized({
    requests: { cpu: '1', memory: '1Gi', 'example.com/gpu': '1' },
    limits: { memory: '2Gi', 'example.com/gpu': '1' },
  }),
  'spec: Forbidden: only cpu and memory resources are mutable',
  resize,
)

const terminated = { name: 'c', state: { terminated: { exitCode: 0 } } }
test(
  refused,
  'a container that ended and runs again',
  'pods',
  {
    ...changed({ restartPolicy: 'Never' }),
    status: { ...old.status, containerStatuses: [{ name: 'c', state: { running: {} } }] },
  },
  'status.containerStatuses[0].state: Forbidden: may not be transitioned to non-terminated state',
  {
    old: {
      ...changed({ restartPolicy: 'Never' }),
      status: { ...old.status, containerStatuses: [terminated] },
    },
    subresource: 'status',
  },
)
test(
  refused,
  'another quality of service in the status',
  'pods',
  { ...old, status: { phase: 'Running', qosClass: 'Guaranteed' } },
  'status.qosClass: Invalid value: "Guaranteed": field is immutable',
  { old, subresource: 'status' },
)
