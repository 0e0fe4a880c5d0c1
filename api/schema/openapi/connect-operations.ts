import { capital, type Draft, type GroupVersionKind, type Method } from './operation.ts'
import { type Parameter, parameter } from './parameters.ts'

const UPGRADED: readonly Method[] = ['get', 'post']
const PROXIED: readonly Method[] = ['delete', 'get', 'head', 'options', 'patch', 'post', 'put']

const container = parameter(
  'container',
  'string',
  'Name of the container; may be left out where there is one.',
)
const streams = [
  container,
  parameter('stderr', 'boolean', 'Connects the standard error stream.'),
  parameter('stdin', 'boolean', 'Connects the standard input stream.'),
  parameter('stdout', 'boolean', 'Connects the standard output stream.'),
  parameter('tty', 'boolean', 'Gives the process a terminal.'),
]
const path = parameter('path', 'string', 'The path that is asked for, with its query.')

/** Query parameters by the kind of options that a connection takes. */
const OPTIONS: Readonly<Record<string, readonly Parameter[]>> = {
  PodAttachOptions: streams,
  PodExecOptions: [
    parameter(
      'command',
      'string',
      'The command and its arguments, each in a parameter of its own; no shell runs it.',
    ),
    ...streams,
  ],
  PodPortForwardOptions: [
    parameter('ports', 'integer', 'The ports to connect to, where WebSockets are used.'),
  ],
  PodProxyOptions: [path],
  ServiceProxyOptions: [path],
  NodeProxyOptions: [path],
}

/** Query parameters of logs. */
export const LOG_PARAMETERS: readonly Parameter[] = [
  container,
  parameter('follow', 'boolean', 'Goes on with what is written later.'),
  parameter('insecureSkipTLSVerifyBackend', 'boolean', 'Takes any certificate of the kubelet.'),
  parameter('limitBytes', 'integer', 'The most bytes that are sent.'),
  parameter('previous', 'boolean', 'The logs of the container before it was restarted.'),
  parameter('sinceSeconds', 'integer', 'Only what is no older than so many seconds.'),
  parameter('stream', 'string', 'Which stream is sent: All, Stdout or Stderr.'),
  parameter('tailLines', 'integer', 'So many lines at the end.'),
  parameter('timestamps', 'boolean', 'Puts the time in front of each line.'),
]

/** True for a subresource that is a connection: what is sent over it is its own affair. */
export const isConnected = ({ kind }: GroupVersionKind): boolean => OPTIONS[kind] !== undefined

/** The operations of a connection; one to a server that answers requests also with a path of its own. */
export function connectDrafts(at: string, what: string, text: string, kind: GroupVersionKind): Draft[] {
  const isProxy = OPTIONS[kind.kind]!.includes(path)
  const draft = (method: Method, withPath: boolean): Draft => ({
    path: withPath ? `${at}/{path}` : at,
    method,
    action: 'connect',
    verb: 'connect',
    what: `${capital(method)}${what}${withPath ? 'WithPath' : ''}`,
    text: `connect ${method.toUpperCase()} requests to ${text}`,
    query: OPTIONS[kind.kind]!,
    kind,
  })
  if (!isProxy) return UPGRADED.map(method => draft(method, false))
  return [false, true].flatMap(withPath => PROXIED.map(method => draft(method, withPath)))
}
