import { stringify } from 'yaml'
import type { KeyPair } from './certificates.ts'
import { writeSecret } from './pki-files.ts'

/** What a kubeconfig holds: one cluster, one user, one context. PEM texts. */
export interface KubeconfigContent {
  server: string
  ca: string
  client: KeyPair
  user: string
  /** Name of the cluster in the file; `skiff` by default. */
  cluster?: string
}

/** Writes a kubeconfig with everything in it, whole or not at all, readable by its owner only. */
export async function writeKubeconfig(path: string, content: KubeconfigContent): Promise<void> {
  const { server, ca, client, user, cluster = 'skiff' } = content
  const base64 = (text: string): string => Buffer.from(text).toString('base64')
  const context = `${user}@${cluster}`
  const document = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: cluster, cluster: { server, 'certificate-authority-data': base64(ca) } }],
    users: [
      {
        name: user,
        user: { 'client-certificate-data': base64(client.cert), 'client-key-data': base64(client.key) },
      },
    ],
    contexts: [{ name: context, context: { cluster, user } }],
    'current-context': context,
  }
  await writeSecret(path, stringify(document, { lineWidth: 0 }))
}
