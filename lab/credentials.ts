import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { ensurePki, issueCertificate, type Pki, writeKubeconfig } from '../control-plane/auth/pki.ts'
import { type LabOptions, type MachineSpec, machineSpecs, serverUrl } from './options.ts'
import { dataDirs } from './state.ts'

const SERVICE_ADDRESS = '10.96.0.1'
const DAYS = 365

/** Makes the cluster's certificates, the admin's kubeconfig and each worker's identity. What is there stays. */
export async function createCredentials(options: LabOptions): Promise<void> {
  const [controlPlane, ...workers] = machineSpecs(options)
  const pki = await ensurePki(join(dataDirs(options).server, 'pki'), {
    hostnames: [controlPlane!.name],
    addresses: [controlPlane!.address],
    serviceAddress: SERVICE_ADDRESS,
  })
  const server = serverUrl(options)
  await writeKubeconfig(options.kubeconfig, {
    server,
    ca: pki.ca.cert,
    client: pki.clients.admin,
    user: 'kubernetes-admin',
  }).catch(cause => {
    throw new Error(`--kubeconfig ${options.kubeconfig}: cannot be written: ${cause.message}`, { cause })
  })
  await Promise.all(workers.map(worker => createNodeIdentity(pki, worker, server)))
}

async function createNodeIdentity(
  { ca, clients }: Pki,
  { name, address, dir }: MachineSpec,
  server: string,
): Promise<void> {
  const pkiDir = join(dir, 'pki')
  await mkdir(pkiDir, { recursive: true, mode: 0o700 })
  const user = `system:node:${name}`
  const [client, serving] = await Promise.all([
    issueCertificate({ ca, commonName: user, organizations: ['system:nodes'], usage: 'client', days: DAYS }),
    issueCertificate({
      ca,
      commonName: user,
      organizations: ['system:nodes'],
      usage: 'server',
      days: DAYS,
      sans: { dns: [name], addresses: [address] },
    }),
  ])
  await Promise.all([
    writeFile(join(pkiDir, 'ca.crt'), ca.cert),
    writeFile(join(pkiDir, 'kubelet.crt'), serving.cert),
    writeFile(join(pkiDir, 'kubelet.key'), serving.key, { mode: 0o600 }),
    writeKubeconfig(join(pkiDir, 'kubelet.kubeconfig'), { server, ca: ca.cert, client, user }),
    writeKubeconfig(join(pkiDir, 'network.kubeconfig'), {
      server,
      ca: ca.cert,
      client: clients.network,
      user: 'system:kube-proxy',
    }),
  ])
}
