import { createServer, type Server, type ServerResponse } from 'node:http'

type Answer = (response: ServerResponse) => void | Promise<void>

/**
 * Small HTTP servers that plugins share (health, ready, metrics). When a Corefile is loaded anew, the new plugins take a
 * path over from the old ones without the port being closed in between.
 */
export interface HttpEndpoints {
  /** Resolves when the path is served; what it gives takes it off. Rejects when the port is taken. */
  serve(at: { address: string; port: number }, path: string, answer: Answer): Promise<() => void>
}

interface Endpoint {
  server: Server
  listening: Promise<void>
  /** The last one of each path answers. */
  answers: { path: string; answer: Answer }[]
}

export function createHttpEndpoints(): HttpEndpoints {
  const endpoints = new Map<string, Endpoint>()
  return {
    async serve({ address, port }, path, answer) {
      const id = `${address} ${port}`
      const endpoint = endpoints.get(id) ?? listen(address, port)
      endpoints.set(id, endpoint)
      const entry = { path, answer }
      endpoint.answers.push(entry)
      const release = (): void => {
        endpoint.answers = endpoint.answers.filter(other => other !== entry)
        if (endpoint.answers.length > 0) return
        endpoints.delete(id)
        endpoint.server.close()
        endpoint.server.closeAllConnections()
      }
      await endpoint.listening.catch(error => {
        release()
        throw error
      })
      return release
    },
  }
}

function listen(address: string, port: number): Endpoint {
  const server = createServer((request, response) => {
    const path = request.url?.split('?')[0]
    const entry = endpoint.answers.findLast(candidate => candidate.path === path)
    if (entry) void Promise.resolve(entry.answer(response)).catch(() => response.destroy())
    else response.writeHead(404).end('404 page not found\n')
  })
  const listening = new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, address, resolve)
  })
  const endpoint: Endpoint = { server, listening, answers: [] }
  server.unref()
  return endpoint
}
