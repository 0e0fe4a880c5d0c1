import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'ava'
import { startTestApiServer } from '../../helpers/api-server.ts'

const api = await startTestApiServer()
const dir = await mkdtemp(join(tmpdir(), 'skiff-crd-'))
test.after.always(async () => {
  await api.stop()
  await rm(dir, { recursive: true, force: true })
})

const crd = (group: string) => `
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: crontabs.${group}}
spec:
  group: ${group}
  scope: Namespaced
  names: {plural: crontabs, singular: crontab, kind: CronTab, shortNames: [ct], categories: [all]}
  versions:
  - name: v1
    served: true
    storage: true
    schema:
      openAPIV3Schema:
        type: object
        description: Runs something now and then.
        properties:
          spec:
            type: object
            description: What to run.
            properties:
              cronSpec: {type: string, description: When to run it.}
              replicas: {type: integer, default: 1}
          status:
            type: object
            properties:
              replicas: {type: integer}
    subresources:
      status: {}
      scale: {specReplicasPath: .spec.replicas, statusReplicasPath: .status.replicas}
    additionalPrinterColumns:
    - {name: Spec, type: string, jsonPath: .spec.cronSpec}
    - {name: Replicas, type: integer, jsonPath: .spec.replicas, priority: 1}
    - {name: Age, type: date, jsonPath: .metadata.creationTimestamp}
`
const cronTab = (group: string, spec: string) => `
apiVersion: ${group}/v1
kind: CronTab
metadata: {name: mine}
spec: {cronSpec: '${spec}'}
`

for (const version of ['1.27', '1.33']) {
  const group = `k${version.replace('.', '-')}.example.com`
  const k = (...args: string[]) => api.kubectl(version, ...args)
  const file = async (name: string, content: string) => {
    const path = join(dir, `${version}-${name}.yaml`)
    await writeFile(path, content)
    return path
  }

  test.serial(`kubectl works with custom resources as with any other, ${version}`, async t => {
    const both = await file('both', `${crd(group)}---${cronTab(group, '* * * * *')}`)
    const first = await t.throwsAsync<Error & { stdout?: string; stderr?: string }>(k('apply', '-f', both))
    t.regex(first.stderr!, /ensure CRDs are installed first/)
    t.regex(first.stdout!, /customresourcedefinition.apiextensions.k8s.io\/crontabs.*created/)
    await k('wait', '--for=condition=Established', `crd/crontabs.${group}`, '--timeout=180s')
    t.regex(await k('apply', '-f', both), new RegExp(`crontab.${group}/mine created`))
    t.regex(await k('get', 'ct'), /^NAME +SPEC +AGE\nmine +\* \* \* \* \* +\w+\n$/)
    t.regex(await k('get', 'ct', '-o', 'wide'), /^NAME +SPEC +REPLICAS +AGE\nmine +\* \* \* \* \* +1 /)
    t.regex(await k('get', 'all'), new RegExp(`crontab.${group}/mine`))
    t.regex(await k('explain', 'ct.spec'), /What to run\.[\s\S]*cronSpec\s+<string>\s+When to run it\./)
    t.regex(await k('explain', 'ct', '--recursive'), /spec\s+<Object>\n\s+cronSpec\s+<string>/)
    await k('scale', 'ct/mine', '--replicas=3')
    t.is(await k('get', 'ct', 'mine', '-o', 'jsonpath={.spec.replicas}'), '3')
    const changed = await file('changed', cronTab(group, '1 * * * *'))
    t.regex(await k('apply', '-f', changed), /mine configured/)
    t.is(await k('get', 'ct', 'mine', '-o', 'jsonpath={.spec.replicas}{.spec.cronSpec}'), '31 * * * *')
    t.regex(await k('describe', 'ct', 'mine'), /Cron Spec: +1 \* \* \* \*/)
    t.regex(await k('api-resources', `--api-group=${group}`), /crontabs +ct /)
    const strict = await t.throwsAsync<Error & { stderr?: string }>(
      k('apply', '-f', await file('odd', cronTab(group, 'x').replace('{cronSpec', '{odd: 1, cronSpec'))),
    )
    t.regex(strict.stderr!, /unknown field "spec.odd"/)
    const applied = await file('applied', cronTab(group, '2 * * * *').replace('mine', 'applied'))
    await k('apply', '--server-side', '-f', applied)
    t.is(
      await k('get', 'ct', 'applied', '-o', 'jsonpath={.metadata.managedFields[0].fieldsV1}'),
      '{"f:spec":{"f:cronSpec":{}}}',
    )
    await k('delete', 'crd', `crontabs.${group}`)
    const gone = await t.throwsAsync<Error & { stderr?: string }>(k('get', `crontabs.${group}`))
    t.regex(gone.stderr!, /the server (doesn't have a resource type|could not find the requested resource)/)
  })
}
