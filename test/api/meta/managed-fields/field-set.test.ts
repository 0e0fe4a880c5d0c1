import test from 'ava'
import fc from 'fast-check'
import {
  difference,
  type FieldSet,
  intersection,
  isSameSet,
  LEAF,
  recursiveDifference,
  union,
} from '../../../../api/meta/managed-fields/field-set.ts'
import { pathTexts } from '../../../../api/meta/managed-fields/path-text.ts'
import { SEED } from '../../../helpers/seed.ts'

fc.configureGlobal(SEED)

/** Members as paths, the plain way: what the tree is checked against. */
type Paths = Set<string>

const treeOf = (paths: Iterable<string>): FieldSet => {
  const root: any = {}
  for (const path of paths) {
    let node = root
    for (const name of path.split('.')) {
      node[`f:${name}`] ??= { inner: true }
      node = node[`f:${name}`]
    }
    node.member = true
  }
  return clean(root)
}

const clean = (node: any): FieldSet => {
  const { inner: _inner, member, ...children } = node
  const entries = Object.entries(children).map(([name, child]) => [name, clean(child)])
  const isLeaf = entries.length === 0
  return Object.fromEntries(member && !isLeaf ? [['.', {}], ...entries] : entries)
}

const pathsOf = (set: FieldSet): string[] =>
  pathTexts(set)
    .map(path => path.slice(1))
    .sort()

const sorted = (paths: Iterable<string>): string[] => [...paths].sort()

const path = fc
  .array(fc.constantFrom('a', 'b', 'c'), { minLength: 1, maxLength: 4 })
  .map(names => names.join('.'))
const paths = fc.uniqueArray(path, { maxLength: 12 }).map(list => new Set(list))

const isBelow = (path: string, all: Paths) =>
  [...all].some(other => path === other || path.startsWith(`${other}.`))

test('a tree has the members it was made of', t => {
  fc.assert(fc.property(paths, all => t.deepEqual(pathsOf(treeOf(all)), sorted(all))))
})

test('union, difference and intersection are those of the members', t => {
  fc.assert(
    fc.property(paths, paths, (a, b) => {
      const [left, right] = [treeOf(a), treeOf(b)]
      t.deepEqual(pathsOf(union(left, right)), sorted(a.union(b)))
      t.deepEqual(pathsOf(difference(left, right)), sorted(a.difference(b)))
      t.deepEqual(pathsOf(intersection(left, right)), sorted(a.intersection(b)))
      const kept = [...a].filter(path => !isBelow(path, b))
      t.deepEqual(pathsOf(recursiveDifference(left, right)), sorted(kept))
    }),
  )
})

test('the form is canonical: the same members are the same tree, whatever way they came about', t => {
  fc.assert(
    fc.property(paths, paths, (a, b) => {
      const [left, right] = [treeOf(a), treeOf(b)]
      t.true(isSameSet(union(left, right), treeOf(a.union(b))))
      t.true(isSameSet(difference(left, right), treeOf(a.difference(b))))
      t.true(isSameSet(intersection(left, right), treeOf(a.intersection(b))))
    }),
  )
})

test('what does not change is given back itself', t => {
  const set = treeOf(['a.b', 'c'])
  t.is(union(set, treeOf(['a.b'])), set)
  t.is(union(set, LEAF), set)
  t.is(difference(set, treeOf(['a', 'a.x'])), set)
})

test('paths are told as upstream tells them, members before what is below', t => {
  const set = {
    'f:spec': {
      'f:containers': { 'k:{"name":"web"}': { '.': {}, 'f:image': {} } },
      'f:args': { 'v:"a"': {}, 'v:1': {} },
      'f:zone': {},
    },
  } as unknown as FieldSet
  t.deepEqual(pathTexts(set), [
    '.spec.zone',
    '.spec.args[="a"]',
    '.spec.args[=1]',
    '.spec.containers[name="web"]',
    '.spec.containers[name="web"].image',
  ])
})
