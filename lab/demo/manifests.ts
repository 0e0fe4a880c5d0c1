import { BUSYBOX_IMAGE, HELLO_IMAGE } from '../images/lab-images.ts'

const LABELS = { app: 'hello' }

const fromField = (name: string, fieldPath: string): object => ({
  name,
  valueFrom: { fieldRef: { fieldPath } },
})

/**
 * Three Pods that say who they are. The probe and the pause before stopping are what lets a rollout lose no request:
 * a Pod gets traffic only when it answers, and goes on answering until every proxy has taken it out.
 */
export const helloDeployment = {
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'hello', namespace: 'default', labels: LABELS },
  spec: {
    replicas: 3,
    selector: { matchLabels: LABELS },
    template: {
      metadata: { labels: LABELS },
      spec: {
        terminationGracePeriodSeconds: 10,
        containers: [
          {
            name: 'hello',
            image: HELLO_IMAGE,
            ports: [{ name: 'http', containerPort: 8080 }],
            env: [
              fromField('POD_NAME', 'metadata.name'),
              fromField('NODE_NAME', 'spec.nodeName'),
              fromField('POD_IP', 'status.podIP'),
            ],
            readinessProbe: { httpGet: { path: '/', port: 'http' }, periodSeconds: 1 },
            lifecycle: { preStop: { sleep: { seconds: 2 } } },
          },
        ],
      },
    },
  },
}

export const helloService = {
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name: 'hello', namespace: 'default', labels: LABELS },
  spec: { selector: LABELS, ports: [{ name: 'http', port: 80, targetPort: 'http' }] },
}

/** Ways to write the Service's name that all must resolve from a Pod of its namespace. */
export const HELLO_NAMES = ['hello', 'hello.default', 'hello.default.svc.cluster.local']

const REQUESTS = 60

/** Prints `name NAME ADDRESS` for each name, then `answer POD NODE IP` for each request. */
const CLIENT_SCRIPT = `
for name in ${HELLO_NAMES.join(' ')}; do
  address=$(ping -c 1 -W 1 $name 2>/dev/null | sed -n 's/^PING [^(]*(\\([^)]*\\)).*/\\1/p')
  echo "name $name \${address:-unresolved}"
done
i=0
while [ $i -lt ${REQUESTS} ]; do
  echo "answer $(wget -q -O - http://hello/ 2>&1 | tr '\\n' ' ')"
  i=$((i + 1))
done
`

export const helloClient = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'hello-client', namespace: 'default', labels: { app: 'hello-client' } },
  spec: {
    restartPolicy: 'Never',
    terminationGracePeriodSeconds: 1,
    containers: [{ name: 'client', image: BUSYBOX_IMAGE, command: ['sh', '-c', CLIENT_SCRIPT] }],
  },
}
