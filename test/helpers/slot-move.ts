import type { Member, RedisGroup } from './redis-groups.ts'

/** Moves one slot of a cluster from its master to another, a step at a time, as resharding does. */
export class SlotMove {
  readonly from: Member
  readonly to: Member
  #slot: string
  #masters: Member[]

  private constructor(slot: string, from: Member, to: Member, masters: Member[]) {
    this.#slot = slot
    this.from = from
    this.to = to
    this.#masters = masters
  }

  /** Of the slot of a key, to the master of another key, or to any other master. */
  static async plan(cluster: RedisGroup, key: string, other: string | undefined): Promise<SlotMove> {
    const from = await cluster.master(key)
    const masters: Member[] = []
    for (const one of cluster.members) {
      if (/role:master/.test(await one.cli('info', 'replication'))) masters.push(one)
    }
    const wanted = other ? await cluster.master(other) : undefined
    const to = wanted && wanted !== from ? wanted : masters.find(one => one !== from)!
    return new SlotMove((await from.cli('cluster', 'keyslot', key)).trim(), from, to, masters)
  }

  async begin(): Promise<void> {
    await this.to.cli('cluster', 'setslot', this.#slot, 'importing', await idOf(this.from))
    await this.from.cli('cluster', 'setslot', this.#slot, 'migrating', await idOf(this.to))
  }

  async key(name: string): Promise<void> {
    const answer = await this.from.cli('migrate', '127.0.0.1', String(this.to.port), name, '0', '5000')
    if (!answer.startsWith('OK')) throw new Error(`cannot move ${name}: ${answer}`)
  }

  async end(): Promise<void> {
    const id = await idOf(this.to)
    for (const one of [this.to, this.from, ...this.#masters]) {
      await one.cli('cluster', 'setslot', this.#slot, 'node', id)
    }
  }
}

const idOf = async (member: Member): Promise<string> => (await member.cli('cluster', 'myid')).trim()
