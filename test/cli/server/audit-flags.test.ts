import test from 'ava'
import { Command } from 'commander'
import { addAuditFlags, backendFlags } from '../../../cli/server/audit-flags.ts'

function parse(...args: string[]) {
  const command = new Command().exitOverride().configureOutput({ writeErr() {} })
  addAuditFlags(command)
  return command.parse(args, { from: 'user' }).opts()
}

test('flags of the audit log are read as upstream reads them', t => {
  const flags = parse(
    '--audit-webhook-config-file=hook.kubeconfig',
    '--audit-webhook-mode=blocking',
    '--audit-webhook-batch-throttle-enable=false',
    '--audit-webhook-batch-throttle-qps=0.5',
    '--audit-webhook-batch-max-wait=1m30s',
    '--audit-webhook-truncate-enabled',
    '--audit-log-truncate-max-event-size=2048',
  )
  t.deepEqual(backendFlags(flags, 'auditWebhook'), {
    configFile: 'hook.kubeconfig',
    mode: 'blocking',
    batchThrottleEnable: 'false',
    batchThrottleQps: 0.5,
    batchMaxWait: '1m30s',
    truncateEnabled: true,
  } as object)
  t.deepEqual(backendFlags(flags, 'auditLog'), { truncateMaxEventSize: 2048 })
})

test('what a flag of the audit log cannot be is told', t => {
  const faults = {
    '--audit-log-mode=never':
      'invalid audit log mode never, allowed modes are "batch,blocking,blocking-strict"',
    '--audit-webhook-batch-max-size=0': 'expected a positive number',
    '--audit-webhook-batch-max-wait=soon': 'expected a duration such as 1h30m or 90s',
    '--audit-webhook-version=audit.k8s.io/v1beta1': 'expected audit.k8s.io/v1',
  }
  for (const [flag, fault] of Object.entries(faults)) {
    const error = t.throws(() => parse(flag))
    t.true(error!.message.includes(fault), error!.message)
  }
})
