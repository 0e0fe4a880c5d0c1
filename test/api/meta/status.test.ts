import test from 'ava'
import {
  alreadyExists,
  conflict,
  duplicateValue,
  forbidden,
  invalid,
  invalidValue,
  isNotFound,
  methodNotSupported,
  notFound,
  notSupported,
  required,
  tooLong,
} from '../../../api/meta/status.ts'

const deployments = { group: 'apps', plural: 'deployments' }
const pods = { group: '', plural: 'pods' }

const messages: [Error & { code?: number }, number, string][] = [
  [notFound(pods, 'x'), 404, 'pods "x" not found'],
  [notFound(deployments, 'x'), 404, 'deployments.apps "x" not found'],
  [alreadyExists(deployments, 'x'), 409, 'deployments.apps "x" already exists'],
  [
    conflict(
      deployments,
      'x',
      'the object has been modified; please apply your changes to the latest version and try again',
    ),
    409,
    'Operation cannot be fulfilled on deployments.apps "x": the object has been modified; please apply your changes to the latest version and try again',
  ],
  [
    forbidden(pods, 'x', 'User "u" cannot get resource "pods" in API group "" in the namespace "default"'),
    403,
    'pods "x" is forbidden: User "u" cannot get resource "pods" in API group "" in the namespace "default"',
  ],
  [methodNotSupported(pods, 'create'), 405, 'create is not supported on resources of kind "pods"'],
  [
    invalid({ group: '', kind: 'Pod' }, 'x', [required('spec.containers', '')]),
    422,
    'Pod "x" is invalid: spec.containers: Required value',
  ],
  [
    invalid({ group: 'apps', kind: 'Deployment' }, 'x', [
      invalidValue('spec.replicas', -1, 'must be greater than or equal to 0'),
      notSupported('spec.strategy.type', 'Foo', ['RollingUpdate', 'Recreate']),
    ]),
    422,
    'Deployment.apps "x" is invalid: [spec.replicas: Invalid value: -1: must be greater than or equal to 0, spec.strategy.type: Unsupported value: "Foo": supported values: "RollingUpdate", "Recreate"]',
  ],
  [
    invalid({ group: '', kind: 'Pod' }, 'x', [
      duplicateValue('spec.containers[1].name', 'a'),
      tooLong('metadata.name', 'a', 63),
    ]),
    422,
    'Pod "x" is invalid: [spec.containers[1].name: Duplicate value: "a", metadata.name: Too long: may not be more than 63 bytes]',
  ],
]

for (const [error, code, message] of messages)
  test(`status ${code}: ${message.slice(0, 60)}`, t => {
    t.is(error.message, message)
    t.is(error.code, code)
  })

test('a Status carries details and causes', t => {
  const { status } = invalid({ group: 'apps', kind: 'Deployment' }, 'x', [required('spec.selector', '')])
  t.deepEqual(status, {
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Failure',
    message: 'Deployment.apps "x" is invalid: spec.selector: Required value',
    reason: 'Invalid',
    details: {
      name: 'x',
      group: 'apps',
      kind: 'Deployment',
      causes: [{ reason: 'FieldValueRequired', message: 'Required value', field: 'spec.selector' }],
    },
    code: 422,
  })
  t.true(isNotFound(notFound(pods, 'x')))
  t.false(isNotFound(new Error('x')))
})

const quoted: [value: string, text: string][] = [
  ['plain', '"plain"'],
  ['a"b\\', '"a\\"b\\\\"'],
  ['a\n\t\u0007\u0000\u007f', '"a\\n\\t\\a\\x00\\x7f"'],
  ['größe', '"größe"'],
  ['\u200b', '"\\u200b"'],
  ['\u{1f600}\u{e0001}', '"\u{1f600}\\U000e0001"'],
]
for (const [value, text] of quoted) {
  test(`a value is quoted as Go does it: ${text}`, t => {
    const { status } = invalid({ group: '', kind: 'Pod' }, 'x', [invalidValue('f', value, 'd')])
    t.is(status.details!.causes![0]!.message, `Invalid value: ${text}: d`)
  })
}

test('a value that is not there is null, without quotes', t => {
  const { status } = invalid({ group: '', kind: 'Pod' }, 'x', [invalidValue('f', null, 'd')])
  t.is(status.details!.causes![0]!.message, 'Invalid value: null: d')
})
