import test from 'ava'
import { priorityClasses } from '../../../api/kinds/scheduling.ts'
import { priorityAdmission } from '../../../control-plane/admission/priority.ts'
import { attributesOf, refusal } from '../../helpers/admission.ts'
import { createFakeInformers } from '../../helpers/fake-informers.ts'

const informers = createFakeInformers()
const priorityClass = (name: string, more: object): any => ({
  apiVersion: 'scheduling.k8s.io/v1',
  kind: 'PriorityClass',
  metadata: { name },
  ...more,
})
informers.set(
  priorityClasses,
  priorityClass('usual', { value: 5, globalDefault: true, preemptionPolicy: 'PreemptLowerPriority' }),
  priorityClass('kind', { value: 7, preemptionPolicy: 'Never' }),
)
const plugin = priorityAdmission(informers)
const pod = (spec: object): any => ({ metadata: { name: 'p' }, spec })

test('a Pod gets what its class is worth, or what the default is', async t => {
  const object = pod({})
  t.is(await refusal(plugin, attributesOf('pods', { object })), undefined)
  t.deepEqual(object.spec, {
    priorityClassName: 'usual',
    priority: 5,
    preemptionPolicy: 'PreemptLowerPriority',
  })
  const other = pod({ priorityClassName: 'kind' })
  t.is(await refusal(plugin, attributesOf('pods', { object: other })), undefined)
  t.deepEqual(other.spec, { priorityClassName: 'kind', priority: 7, preemptionPolicy: 'Never' })
})

const REFUSED: [what: string, spec: object, why: string][] = [
  [
    'a class that is not there',
    { priorityClassName: 'none' },
    'pods "p" is forbidden: no PriorityClass with name none was found',
  ],
  [
    'a priority of its own',
    { priority: 9 },
    'pods "p" is forbidden: the integer value of priority (9) must not be provided in pod spec; priority admission controller computed 5 from the given PriorityClass name',
  ],
  [
    'a policy of its own',
    { priorityClassName: 'kind', preemptionPolicy: 'PreemptLowerPriority' },
    'pods "p" is forbidden: the string value of PreemptionPolicy (PreemptLowerPriority) must not be provided in pod spec; priority admission controller computed Never from the given PriorityClass name',
  ],
]
for (const [what, spec, why] of REFUSED) {
  test(`a Pod is refused ${what}`, async t => {
    t.is(await refusal(plugin, attributesOf('pods', { object: pod(spec) })), why)
  })
}

test('an update that leaves out the priority keeps it', async t => {
  const oldObject = pod({ priority: 5, preemptionPolicy: 'Never' })
  const object = pod({})
  t.is(await refusal(plugin, attributesOf('pods', { operation: 'UPDATE', object, oldObject })), undefined)
  t.deepEqual(object.spec, oldObject.spec)
})

test('there is one default class', async t => {
  const kind = 'priorityclasses.scheduling.k8s.io'
  const object = priorityClass('other', { value: 1, globalDefault: true })
  t.is(
    await refusal(plugin, attributesOf(kind, { object })),
    'priorityclasses.scheduling.k8s.io "other" is forbidden: PriorityClass usual is already marked as default. Only one default can exist',
  )
  const same = priorityClass('usual', { value: 5, globalDefault: true })
  t.is(
    await refusal(plugin, attributesOf(kind, { operation: 'UPDATE', object: same, oldObject: same })),
    undefined,
  )
})
