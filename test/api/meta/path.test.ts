import test from 'ava'
import { compileGetter, compilePath } from '../../../api/meta/path.ts'

const object = {
  metadata: { annotations: { 'a.b/c': 'x' } },
  spec: { replicas: 0, ports: [{ port: 80 }, { port: 81 }] },
  status: {
    conditions: [
      { type: 'Ready', status: 'True' },
      { type: 'Scheduled', status: 'False' },
    ],
  },
}

const paths: [string, unknown[]][] = [
  ['.spec.replicas', [0]],
  ['{.spec.replicas}', [0]],
  ['spec.replicas', [0]],
  ['.spec.missing.deep', []],
  ['.spec.ports[0].port', [80]],
  ['.spec.ports[-1].port', [81]],
  ['.spec.ports[*].port', [80, 81]],
  [".metadata.annotations['a.b/c']", ['x']],
  ['.metadata.annotations.a\\.b/c', ['x']],
  ['.status.conditions[?(@.type=="Ready")].status', ['True']],
  ["$.status.conditions[?(@.type != 'Ready')].status", ['False']],
  ['.status.conditions[?(@.reason)].status', []],
  ['.spec.constructor', []],
]

for (const [path, expected] of paths)
  test(`path ${path}`, t => {
    t.deepEqual(compilePath(path)(object), expected)
  })

test('a getter gives the first value', t => {
  t.is(compileGetter('.spec.ports[*].port')(object), 80)
  t.is(compileGetter('.nothing')(object), undefined)
})

test('what is outside the subset is refused', t => {
  for (const path of ['.a[', '.a[?(@.b>1)]', '.a[1:2]', '..'])
    t.throws(() => compilePath(path), { code: 'ERR_JSON_PATH' }, path)
})
