import test from 'ava'
import { Registry } from 'prom-client'
import { createAdmissionChain } from '../../../control-plane/admission/chain.ts'
import { AdmissionMetrics } from '../../../control-plane/admission/metrics.ts'
import type { AdmissionPlugin } from '../../../plugins/admission.ts'
import { attributesOf } from '../../helpers/admission.ts'

test('plugins run in their order, and those before one that changed the object run once more', async t => {
  const ran: string[] = []
  const plugin = (name: string, ...answers: ('again' | undefined)[]): AdmissionPlugin => ({
    name,
    async mutate() {
      ran.push(name)
      return answers.shift()
    },
  })
  const skipped: AdmissionPlugin = { ...plugin('skipped'), handles: () => false }
  const chain = createAdmissionChain([plugin('a'), skipped, plugin('b', 'again'), plugin('c')])
  await chain.mutate(attributesOf('pods', {}))
  t.deepEqual(ran, ['a', 'b', 'a', 'b', 'c'])
})

test('times of each pass and each plugin are told, apart from those of what was refused', async t => {
  const registry = new Registry()
  const fine: AdmissionPlugin = { name: 'Fine', mutate() {}, validate() {} }
  const strict: AdmissionPlugin = {
    name: 'Strict',
    validate({ operation }) {
      if (operation === 'DELETE') throw new Error('no')
    },
  }
  const chain = createAdmissionChain([fine, strict], new AdmissionMetrics(registry))
  await chain.mutate(attributesOf('pods', {}))
  await chain.validate(attributesOf('pods', {}))
  await t.throwsAsync(chain.validate(attributesOf('pods', { operation: 'DELETE' })), { message: 'no' })
  const text = await registry.metrics()
  const prefix = 'apiserver_admission'
  const counts = text.split('\n').filter(line => line.includes('_count{'))
  t.deepEqual(counts.sort(), [
    `${prefix}_controller_admission_duration_seconds_count{name="Fine",type="admit",operation="CREATE",rejected="false"} 1`,
    `${prefix}_controller_admission_duration_seconds_count{name="Fine",type="validate",operation="CREATE",rejected="false"} 1`,
    `${prefix}_controller_admission_duration_seconds_count{name="Fine",type="validate",operation="DELETE",rejected="false"} 1`,
    `${prefix}_controller_admission_duration_seconds_count{name="Strict",type="validate",operation="CREATE",rejected="false"} 1`,
    `${prefix}_controller_admission_duration_seconds_count{name="Strict",type="validate",operation="DELETE",rejected="true"} 1`,
    `${prefix}_step_admission_duration_seconds_count{type="admit",operation="CREATE",rejected="false"} 1`,
    `${prefix}_step_admission_duration_seconds_count{type="validate",operation="CREATE",rejected="false"} 1`,
    `${prefix}_step_admission_duration_seconds_count{type="validate",operation="DELETE",rejected="true"} 1`,
  ])
  t.regex(
    text,
    /step_admission_duration_seconds_bucket\{type="admit",operation="CREATE",rejected="false",le="2.5"\} 1/,
  )
})
