import test from 'ava'
import { ruleAllows } from '../../../control-plane/auth/rbac.ts'
import type { AuthorizationAttributes } from '../../../control-plane/auth/types.ts'

const user = { name: 'u', groups: [] }
const ask = (changes: Partial<AuthorizationAttributes>): AuthorizationAttributes => ({
  user,
  verb: 'get',
  isResourceRequest: true,
  apiGroup: '',
  resource: 'pods',
  ...changes,
})

const rule = { apiGroups: [''], resources: ['pods', 'pods/log', '*/scale'], verbs: ['get', 'list'] }

test('a rule allows its verbs on its resources', t => {
  t.true(ruleAllows(rule, ask({})))
  t.false(ruleAllows(rule, ask({ verb: 'delete' })))
  t.false(ruleAllows(rule, ask({ resource: 'secrets' })))
  t.false(ruleAllows(rule, ask({ apiGroup: 'apps' })))
})

test('a subresource must be named, or be named of any resource', t => {
  t.true(ruleAllows(rule, ask({ subresource: 'log' })))
  t.false(ruleAllows(rule, ask({ subresource: 'exec' })))
  t.true(ruleAllows(rule, ask({ resource: 'things', subresource: 'scale' })))
})

test('resourceNames limit a rule to those objects, and so to requests that name one', t => {
  const named = { ...rule, resourceNames: ['a'] }
  t.true(ruleAllows(named, ask({ name: 'a' })))
  t.false(ruleAllows(named, ask({ name: 'b' })))
  t.false(ruleAllows(named, ask({ verb: 'list' })))
})

test('paths match exactly or by a star at their end', t => {
  const paths = { nonResourceURLs: ['/healthz', '/apis/*'], verbs: ['get'] }
  const path = (text: string): AuthorizationAttributes => ({
    user,
    verb: 'get',
    isResourceRequest: false,
    path: text,
  })
  t.true(ruleAllows(paths, path('/healthz')))
  t.true(ruleAllows(paths, path('/apis/apps')))
  t.false(ruleAllows(paths, path('/healthz/x')))
  t.false(ruleAllows(paths, path('/metrics')))
})
