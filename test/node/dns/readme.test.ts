import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import test from 'ava'
import { pluginOrder } from '../../../node/dns/plugins/order.ts'
import { startTestDns } from '../../helpers/dns-client.ts'

const folder = fileURLToPath(new URL('../../../node/dns/plugins/', import.meta.url))
const readme = (name: string): string => readFileSync(`${folder}${name}/README.md`, 'utf8')
const names = pluginOrder.map(({ name }) => name)

test('every plugin has its folder and its place in the order', t => {
  const folders = readdirSync(folder, { withFileTypes: true }).filter(entry => entry.isDirectory())
  t.deepEqual(folders.map(({ name }) => name).sort(), [...names].sort())
})

for (const name of names) {
  test(`the README of ${name} has its four sections`, t => {
    const sections = [...readme(name).matchAll(/^## (.*)$/gm)].map(match => match[1])
    t.deepEqual(sections, ['Name', 'Description', 'Syntax', 'Examples'])
  })

  test(`the examples in the README of ${name} start a server`, async t => {
    const examples = readme(name)
      .split('## Examples')[1]!
      .split(/\n\n(?=\S)/)
    const corefiles = examples.flatMap(text => [...text.matchAll(/(?:^ {4}.*\n?)+/gm)].map(match => match[0]))
    t.true(corefiles.length > 0)
    for (const corefile of corefiles.flatMap(text => text.split(/\n\n/))) {
      if (corefile.trim() !== '') await startTestDns(t, corefile)
    }
  })
}
