import test from 'ava'
import { openNft } from '../../../cni/netlink/nft.ts'

test('calls at the same time each get their own answer', async t => {
  const tables = [1, 2, 3, 4].map(number => `skiff_test_${process.pid}_${number}`)
  const nft = await openNft()
  await nft.run(tables.map(table => `add table ip ${table}`).join('\n'))
  try {
    const asked = Array.from({ length: 40 }, (_, i) => tables[i % tables.length]!)
    const answers = await Promise.allSettled(
      asked.map((table, i) => nft.run(i === 7 ? 'list table ip skiff_no_such' : `list table ip ${table}`)),
    )
    const names = answers.map(answer =>
      answer.status === 'rejected' ? 'refused' : JSON.parse(answer.value).nftables.at(-1).table.name,
    )
    t.deepEqual(names, asked.with(7, 'refused'))
  } finally {
    await nft.run(tables.map(table => `delete table ip ${table}`).join('\n'))
  }
})
