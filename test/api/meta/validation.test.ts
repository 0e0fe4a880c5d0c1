import test from 'ava'
import {
  isConfigMapKey,
  isDns1035Label,
  isDns1123Label,
  isDns1123Subdomain,
  isEnvVarName,
  isQualifiedName,
  isValidLabelValue,
  isValidPortName,
} from '../../../api/meta/validation.ts'

type Rule = (value: string) => string[]

const rules: [string, Rule, good: string[], bad: string[]][] = [
  [
    'DNS label',
    isDns1123Label,
    ['a', '0a', 'a-b', 'a'.repeat(63)],
    ['', 'A', '-a', 'a.', 'a_b', 'a'.repeat(64)],
  ],
  ['DNS subdomain', isDns1123Subdomain, ['a.b', 'a-1.b'], ['', 'a..b', '.a', 'a.-b', 'A.b']],
  ['DNS-1035 label', isDns1035Label, ['web', 'a1'], ['1a', '', 'a-']],
  ['label value', isValidLabelValue, ['', 'A_b.c-1'], ['-a', 'a/b', 'a'.repeat(64)]],
  [
    'qualified name',
    isQualifiedName,
    ['a', 'example.com/a_B', 'a.b'],
    ['', '/a', 'a/', 'a/b/c', 'Ex/a', '-a'],
  ],
  ['port name', isValidPortName, ['http', 'a-1'], ['1', 'A', 'a--b', '-a', 'a'.repeat(16)]],
  ['environment variable name', isEnvVarName, ['A', 'my.var', '1a'], ['', 'a=b', 'ä']],
  ['ConfigMap key', isConfigMapKey, ['a.b_c', '.x'], ['', '.', '..', '..a', 'a/b']],
]

for (const [name, rule, good, bad] of rules)
  test(`${name}: what is right and what is not`, t => {
    for (const value of good) t.deepEqual(rule(value), [], value)
    for (const value of bad) t.true(rule(value).length > 0, value)
  })

test('messages are those of upstream', t => {
  t.deepEqual(isDns1123Label('A'), [
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')",
  ])
  t.deepEqual(isDns1123Subdomain('A'), [
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')",
  ])
})
