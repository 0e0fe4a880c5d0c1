import { connect, createServer, type Socket } from 'node:net'

/** A unix socket in front of another that can lose the answer to a script. */
export interface LossyProxy {
  url: string
  /**
   * The next script's answer is lost: the connection breaks when the answer is there. Resolves then; `meanwhile` is run
   * before anybody can connect again.
   */
  loseAnswer(meanwhile?: () => Promise<unknown>): Promise<void>
  close(): void
}

export async function startLossyProxy(path: string, target: string): Promise<LossyProxy> {
  const sockets = new Set<Socket>()
  let lose: (() => Promise<void>) | undefined
  let open = Promise.resolve()
  const server = createServer(async client => {
    sockets.add(client)
    client.on('error', () => {})
    client.pause()
    await open
    const redis = connect(target)
    sockets.add(redis)
    let isLost = false
    redis.on('error', () => client.destroy())
    redis.on('close', () => client.destroy())
    client.on('close', () => redis.destroy())
    client.on('data', chunk => {
      isLost ||= lose !== undefined && /\r\neval/i.test(chunk.toString('latin1'))
      redis.write(chunk)
    })
    client.resume()
    redis.on('data', chunk => {
      if (!isLost || !lose) return client.write(chunk)
      open = lose()
      lose = undefined
      client.destroy()
    })
  })
  await new Promise<void>(resolve => server.listen(path, resolve))
  return {
    url: `unix://${path}`,
    loseAnswer: meanwhile =>
      new Promise(resolve => {
        lose = async () => {
          await meanwhile?.()
          resolve()
        }
      }),
    close() {
      server.close()
      for (const socket of sockets) socket.destroy()
    },
  }
}
