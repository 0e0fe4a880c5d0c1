import test from 'ava'
import { builtinKinds } from '../../../api/kinds/builtin.ts'
import { columnText, loadSchemas } from '../../../api/schema/schemas.ts'
import { COLUMN_TEXTS } from '../../../api/schema/tables/column-texts.ts'

test('every column of built-in kinds has a text, but the one that upstream says nothing of', t => {
  const silent = builtinKinds.flatMap(({ kind, columns }) =>
    columns.filter(({ name }) => !columnText(kind, name)).map(({ name }) => `${kind} ${name}`),
  )
  t.deepEqual(silent, ['RuntimeClass Handler'])
})

test('texts are of columns that there are', t => {
  for (const [kind, texts] of Object.entries(COLUMN_TEXTS)) {
    const columns = builtinKinds.filter(each => each.kind === kind).flatMap(each => each.columns)
    const names = new Set(columns.map(({ name }) => name))
    if (kind !== 'Scale')
      for (const column of Object.keys(texts)) t.true(names.has(column), `${kind} ${column}`)
  }
})

test('a column that is a field has its text, others one of their own', t => {
  const texts = loadSchemas().descriptions()
  t.is(columnText('Pod', 'IP'), texts['io.k8s.api.core.v1.PodStatus']!.podIP)
  t.is(columnText('Pod', 'Ready'), 'The aggregate readiness state of this pod for accepting traffic.')
  t.is(columnText('Pod', 'Age'), texts['io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta']!.creationTimestamp)
  t.is(columnText('Anything', 'Name'), texts['io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta']!.name)
  t.is(columnText('Anything', 'Anything'), undefined)
})
