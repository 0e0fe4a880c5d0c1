import test from 'ava'
import { accepted, prepared, refused } from '../../../helpers/rules.ts'

const SCALERS = 'horizontalpodautoscalers.autoscaling'
const scaler = (spec: object) => ({
  apiVersion: 'autoscaling/v2',
  metadata: { name: 'h', namespace: 'default' },
  spec: { scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'd' }, maxReplicas: 3, ...spec },
})
const cpu = (target: object) => ({ type: 'Resource', resource: { name: 'cpu', target } })

test(
  accepted,
  'by the use of CPUs',
  SCALERS,
  scaler({ metrics: [cpu({ type: 'Utilization', averageUtilization: 50 })] }),
)
const ofCore = (kind: string) => scaler({ scaleTargetRef: { apiVersion: 'v1', kind, name: 'd' } })
const NO_GROUP = 'spec.scaleTargetRef.apiVersion: Invalid value: "v1": apiVersion must specify API group'

test(refused, 'a target of no group', SCALERS, ofCore('Deployment'), NO_GROUP)
test(accepted, 'the one target of the core group', SCALERS, ofCore('ReplicationController'))
test(accepted, 'a target that was there before', SCALERS, ofCore('Deployment'), { old: ofCore('Deployment') })
test(
  refused,
  'versions that are none',
  SCALERS,
  scaler({
    scaleTargetRef: { apiVersion: 'a/b/c', kind: 'Deployment', name: 'd' },
    metrics: [
      {
        type: 'Object',
        object: {
          describedObject: { apiVersion: 'a/b/c', kind: 'Service', name: 's' },
          metric: { name: 'm' },
          target: { type: 'Value', value: '1' },
        },
      },
    ],
  }),
  [
    'spec.scaleTargetRef.apiVersion: Invalid value: "a/b/c": unexpected GroupVersion string: a/b/c',
    'spec.metrics[0].object.describedObject.apiVersion: Invalid value: "a/b/c": unexpected GroupVersion string: a/b/c',
  ],
)
test('how much a metric may be off is not kept', t => {
  const given = scaler({ behavior: { scaleUp: { tolerance: '0.5' } } })
  t.false('tolerance' in prepared(SCALERS, given).spec.behavior.scaleUp)
})
test(refused, 'to fewer than none', SCALERS, scaler({ minReplicas: 0, maxReplicas: 0 }), [
  'spec.minReplicas: Invalid value: 0: must be greater than or equal to 1',
  'spec.maxReplicas: Invalid value: 0: must be greater than 0',
  'spec.metrics: Forbidden: must specify at least one Object or External metric to support scaling to zero replicas',
])
test(
  refused,
  'the most below the least',
  SCALERS,
  scaler({ minReplicas: 5 }),
  'spec.maxReplicas: Invalid value: 3: must be greater than or equal to `minReplicas`',
)
test(
  refused,
  'a metric that is not there',
  SCALERS,
  scaler({ metrics: [{ type: 'Pods' }] }),
  'spec.metrics[0].pods: Required value: must populate information for the given metric source',
)
test(
  refused,
  'rules without policies',
  SCALERS,
  scaler({ behavior: { scaleUp: { policies: [{ type: 'X', value: 0, periodSeconds: 2_000 }] } } }),
  [
    'spec.behavior.scaleUp.policies[0].type: Unsupported value: "X": supported values: "Percent", "Pods"',
    'spec.behavior.scaleUp.policies[0].value: Invalid value: 0: must be greater than zero',
    'spec.behavior.scaleUp.policies[0].periodSeconds: Invalid value: 2000: must be less than or equal to 1800',
  ],
)

const BUDGETS = 'poddisruptionbudgets.policy'
const budget = (spec: object) => ({ metadata: { name: 'b', namespace: 'default' }, spec })

test(accepted, 'a budget', BUDGETS, budget({ minAvailable: '50%', selector: { matchLabels: { a: 'b' } } }))
test(
  refused,
  'more than all',
  BUDGETS,
  budget({ maxUnavailable: '101%' }),
  'spec.maxUnavailable: Invalid value: "101%": must not be greater than 100%',
)
