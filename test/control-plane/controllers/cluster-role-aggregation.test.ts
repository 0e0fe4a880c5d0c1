import test from 'ava'
import { clusterRoles } from '../../../api/kinds/rbac.ts'
import type { ClusterRole } from '../../../api/kinds/types.ts'
import { startTestControlLoops, type TestControlLoops } from '../../helpers/control-loops.ts'

let loops: TestControlLoops

test.before(async () => {
  loops = await startTestControlLoops({ scheduler: false })
  await loops.watched(clusterRoles)
})
test.after.always(() => loops?.stop())

const create = (name: string, role: object): Promise<ClusterRole> => {
  const { labels, ...rest } = role as { labels?: Record<string, string> }
  return loops.client.create(clusterRoles, {
    metadata: { name, ...(labels && { labels }) },
    ...rest,
  } as never)
}
const rule = (resource: string): object => ({ apiGroups: ['x.dev'], resources: [resource], verbs: ['get'] })
const until = (name: string, ...resources: string[]): Promise<ClusterRole> =>
  loops.waitFor(clusterRoles, name, ({ rules = [] }) => {
    const found = (rules ?? []).flatMap(each => each.resources ?? [])
    return found.length === resources.length && resources.every(resource => found.includes(resource))
  })

test('a role holds the rules of those it chooses, as they come and go', async t => {
  const selector = { matchLabels: { 'x.dev/sum': 'true' } }
  const labels = selector.matchLabels
  await create('sum', { aggregationRule: { clusterRoleSelectors: [selector] }, rules: [] })
  await create('part-a', { labels, rules: [rule('as'), rule('shared')] })
  await create('part-b', { labels, rules: [rule('bs'), rule('shared')] })
  await create('stranger', { rules: [rule('cs')] })
  await until('sum', 'as', 'bs', 'shared')
  await loops.client.delete(clusterRoles, { name: 'part-a' })
  await until('sum', 'bs', 'shared')
  t.pass()
})

test('rules for a kind of one’s own reach those who may edit', async t => {
  const labels = { 'rbac.authorization.k8s.io/aggregate-to-edit': 'true' }
  await create('widgets-editor', { labels, rules: [rule('widgets')] })
  const has = ({ rules }: ClusterRole) => rules?.some(({ resources }) => resources?.includes('widgets'))
  await loops.waitFor(clusterRoles, 'edit', has)
  await loops.waitFor(clusterRoles, 'admin', has)
  t.pass()
})
