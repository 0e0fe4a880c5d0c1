import test from 'ava'
import { describeRights, uncoveredRights } from '../../../control-plane/auth/rule-cover.ts'

const rule = (resources: string[], verbs: string[], resourceNames?: string[]) => ({
  apiGroups: [''],
  resources,
  verbs,
  ...(resourceNames && { resourceNames }),
})

test('rights that several rules give together are covered', t => {
  const owned = [rule(['pods'], ['get']), rule(['pods', 'secrets'], ['list'])]
  t.deepEqual(uncoveredRights(owned, [rule(['pods'], ['get', 'list'])]), [])
})

test('what is missing is told one right at a time', t => {
  t.deepEqual(uncoveredRights([rule(['pods'], ['get'])], [rule(['pods', 'secrets'], ['get'])]), [
    rule(['secrets'], ['get']),
  ])
})

test('a right on named objects does not cover the right on all of them', t => {
  const named = rule(['pods'], ['get'], ['a'])
  t.deepEqual(uncoveredRights([named], [rule(['pods'], ['get'])]), [rule(['pods'], ['get'])])
  t.deepEqual(uncoveredRights([rule(['pods'], ['get'])], [named]), [])
})

test('stars cover, and subresources of everything too', t => {
  const all = { apiGroups: ['*'], resources: ['*'], verbs: ['*'] }
  t.deepEqual(uncoveredRights([all], [rule(['pods/log'], ['get'])]), [])
  t.deepEqual(uncoveredRights([rule(['*/scale'], ['get'])], [rule(['things/scale'], ['get'])]), [])
})

test('paths are covered by a star at the end', t => {
  const paths = (...nonResourceURLs: string[]) => ({ nonResourceURLs, verbs: ['get'] })
  t.deepEqual(uncoveredRights([paths('/apis/*')], [paths('/apis/apps')]), [])
  t.deepEqual(uncoveredRights([paths('/apis')], [paths('/apis/apps')]), [paths('/apis/apps')])
})

test('rights are described as upstream prints them, verbs together', t => {
  const missing = [rule(['pods'], ['get']), rule(['pods'], ['list']), rule(['secrets'], ['get'], ['a'])]
  t.deepEqual(describeRights(missing), [
    '{APIGroups:[""], Resources:["pods"], Verbs:["get" "list"]}',
    '{APIGroups:[""], Resources:["secrets"], ResourceNames:["a"], Verbs:["get"]}',
  ])
})
