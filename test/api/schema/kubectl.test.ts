import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import test from 'ava'
import { startOpenApiServer } from '../../helpers/openapi-server.ts'

const run = promisify(execFile)

/** Runs kubectl against discovery and OpenAPI documents alone, with a cache of its own. */
async function explain(...args: string[]): Promise<{ output: string; asked: string[] }> {
  const server = await startOpenApiServer()
  const home = await mkdtemp(join(tmpdir(), 'skiff-kubectl-'))
  try {
    const env = { ...process.env, HOME: home, KUBECONFIG: join(home, 'none') }
    const { stdout } = await run('kubectl', ['--server', server.url, 'explain', ...args], { env })
    return { output: stdout, asked: server.asked.map(({ path }) => path) }
  } finally {
    await server.close()
    await rm(home, { recursive: true })
  }
}

test('kubectl explain reads the v3 document of the group alone', async t => {
  const { output, asked } = await explain('deployment.spec.strategy')
  t.regex(output, /KIND: +Deployment/)
  t.regex(output, /FIELD: strategy <DeploymentStrategy>/)
  t.regex(output, /type\t<string>\n +enum: Recreate, RollingUpdate/)
  t.true(asked.includes('/openapi/v3/apis/apps/v1'))
  t.false(asked.includes('/openapi/v3/api/v1'))
})

test('kubectl explain reads the v2 document in protobuf', async t => {
  const { output, asked } = await explain('pods.spec.containers', '--output=plaintext-openapiv2')
  t.regex(output, /RESOURCE: containers <\[\]Object>/)
  t.regex(output, /imagePullPolicy\t<string>/)
  t.regex(output, /name\t<string> -required-/)
  t.true(asked.includes('/openapi/v2'))
})
