import { IncomingMessage, type RequestListener, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'

/** What Node's parser says of a request, and of which bytes. */
interface ParseError extends Error {
  code?: string
  rawPacket?: Buffer
}

/** What is answered before a request has been read, in the words of Go's server; others are closed without a word. */
const ANSWERS: Record<string, string> = {
  HPE_HEADER_OVERFLOW: '431 Request Header Fields Too Large',
  ERR_HTTP_REQUEST_TIMEOUT: '',
  ECONNRESET: '',
}
const REQUEST_LINE = /^([\w!#$%&'*+.^`|~-]+) (\S+) HTTP\/1\.([01])$/

/** Answers what is no request for Node's parser of HTTP/1: a method that it does not know is one for the server to refuse. */
export function refusedRequests(handler: RequestListener): (error: ParseError, socket: Socket) => void {
  // The parser complains of each further piece of what it could not read.
  const refused = new WeakSet<Socket>()
  return (error, socket) => {
    if (refused.has(socket)) return
    refused.add(socket)
    const request = error.code === 'HPE_INVALID_METHOD' && oddMethod(error.rawPacket, socket)
    if (request && answer(handler, request, socket)) return
    const text = ANSWERS[error.code ?? ''] ?? '400 Bad Request'
    if (text === '' || !socket.writable) return void socket.destroy()
    socket.end(
      `HTTP/1.1 ${text}\r\nContent-Type: text/plain; charset=utf-8\r\nConnection: close\r\n\r\n${text}`,
    )
  }
}

/** Hands a request to the server that has a connection to itself, and is its last; false where another one is under way. */
export function answer(handler: RequestListener, request: IncomingMessage, socket: Socket): boolean {
  if (!socket.writable || (socket as { _httpMessage?: object })._httpMessage) return false
  socket.on('error', () => socket.destroy())
  const response = new ServerResponse(request)
  response.shouldKeepAlive = false
  response.assignSocket(socket)
  response.once('finish', () => {
    response.detachSocket(socket)
    socket.end()
  })
  handler(request, response as never)
  return true
}

/** A request whose method only the server can refuse; undefined for what is no request, or has not come whole. */
function oddMethod(bytes: Buffer | undefined, socket: Socket): IncomingMessage | undefined {
  const head = bytes?.toString('latin1').split('\r\n\r\n', 2) ?? []
  const [line = '', ...lines] = head[0]!.split('\r\n')
  const [, method, url, minor] = REQUEST_LINE.exec(line) ?? []
  if (head.length < 2 || method === undefined) return undefined
  const request = new IncomingMessage(socket)
  request.method = method
  request.url = url!
  request.httpVersion = `1.${minor}`
  request.headers = {}
  for (const text of lines) {
    const [, name = '', value = ''] = /^([^:\s]+):\s*(.*?)\s*$/.exec(text) ?? []
    if (name === '') return undefined
    request.headers[name.toLowerCase()] ??= value
    request.rawHeaders.push(name, value)
  }
  request.push(null)
  return request
}
