import type { Command } from './command.ts'

const DEPLOYMENT = `
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, labels: {app: web}}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
      - {name: web, image: web:1, ports: [{containerPort: 80}]}
`
const CONFIG = (value: string) => `
apiVersion: v1
kind: ConfigMap
metadata: {name: settings}
data: {colour: ${value}}
`
const ROLE = `
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: reader-ID}
rules: [{apiGroups: [''], resources: [pods], verbs: [get, list]}]
`
const SIGNING_REQUEST = (pem: string) => `
apiVersion: certificates.k8s.io/v1
kind: CertificateSigningRequest
metadata: {name: NAME}
spec:
  request: ${pem}
  signerName: example.com/ID
  usages: [client auth]
`
const BARE_POD = `
apiVersion: v1
kind: Pod
metadata: {name: bare, labels: {app: bare}}
spec: {nodeSelector: {no: node}, containers: [{name: c, image: c}]}
`

/** Every verb of kubectl that an API server answers by itself, in the order in which they build on each other. */
export function kubectlCommands(signingRequest: string): Command[] {
  return [
    ...about,
    ...creating,
    ...reading,
    ...changing,
    ...rollouts,
    ...nodes,
    ...rights,
    ...certificates(signingRequest),
    ...deleting,
  ]
}

const about: Command[] = [
  { name: 'version', run: 'version', expect: /Server Version/ },
  { name: 'api-resources', run: 'api-resources --namespaced=true', expect: /deployments +deploy +apps\/v1/ },
  { name: 'api-versions', run: 'api-versions', expect: /^rbac\.authorization\.k8s\.io\/v1$/m },
  { name: 'cluster-info', run: 'cluster-info', expect: /is running at/ },
  { name: 'explain', run: 'explain deployment.spec.strategy', expect: /rollingUpdate/ },
  {
    name: 'explain --recursive',
    run: 'explain pod.spec.containers --recursive',
    expect: /terminationMessagePolicy/,
  },
  { name: 'get --raw', run: 'get --raw /readyz', expect: /^ok/ },
  { name: 'options, config view', run: 'config view', expect: /current-context/ },
]

const creating: Command[] = [
  { name: 'create -f', run: 'create -f -', input: DEPLOYMENT, expect: /deployment\.apps\/web created/ },
  {
    name: 'create --dry-run=server',
    run: 'create configmap never --from-literal=a=b --dry-run=server -o yaml',
    expect: /uid: /,
  },
  {
    name: 'create (validation)',
    run: 'create -f - --validate=true',
    input: DEPLOYMENT.replace('replicas:', 'replicaz:').replace('name: web,', 'name: wrong,'),
    expect: /unknown field "(spec\.|io\.k8s\.api\.apps\.v1\.DeploymentSpec\.)?replicaz"/,
    fails: true,
  },
  {
    name: 'create configmap',
    run: 'create configmap made --from-literal=a=b',
    expect: /configmap\/made created/,
  },
  {
    name: 'create secret',
    run: 'create secret generic made --from-literal=a=b',
    expect: /secret\/made created/,
  },
  {
    name: 'create serviceaccount',
    run: 'create serviceaccount robot',
    expect: /serviceaccount\/robot created/,
  },
  { name: 'create token', run: 'create token robot', since: 24, expect: /^ey[\w-]+\.ey[\w-]+\./ },
  {
    name: 'create service',
    run: 'create service clusterip made --tcp=80:8080',
    expect: /service\/made created/,
  },
  { name: 'create deployment', run: 'create deployment other --image=other:1', expect: /other created/ },
  { name: 'create job', run: 'create job once --image=once:1', expect: /job\.batch\/once created/ },
  {
    name: 'create cronjob',
    run: "create cronjob nightly --image=nightly:1 --schedule='0 3 * * *'",
    since: 21,
    expect: /cronjob\.batch\/nightly created/,
  },
  {
    name: 'create ingress',
    run: 'create ingress front --rule=example.com/=made:80',
    expect: /ingress\.networking\.k8s\.io\/front created/,
  },
  {
    name: 'create poddisruptionbudget',
    run: 'create poddisruptionbudget keep --selector=app=nothing --min-available=1',
    since: 21,
    expect: /keep created/,
  },
  { name: 'create quota', run: 'create quota most --hard=pods=1000', expect: /resourcequota\/most created/ },
  {
    name: 'create priorityclass',
    run: 'create priorityclass urgent-ID --value=1000',
    expect: /urgent-\S+ created/,
  },
  { name: 'create role', run: 'create role reads --verb=get --resource=pods', expect: /reads created/ },
  {
    name: 'create rolebinding',
    run: 'create rolebinding reads --role=reads --serviceaccount=NS:robot',
    expect: /reads created/,
  },
  {
    name: 'create clusterrole, clusterrolebinding',
    run: 'create clusterrolebinding reads-ID --clusterrole=view --user=jane-ID',
    expect: /reads-\S+ created/,
  },
  {
    name: 'run',
    // On the version's own node: others drain theirs.
    run: `run solo --image=solo:1 --restart=Never --overrides='{"apiVersion":"v1","spec":{"nodeName":"ID"}}'`,
    expect: /pod\/solo created/,
  },
  { name: 'expose', run: 'expose deployment web --port=80 --name=web', expect: /service\/web exposed/ },
  { name: 'autoscale', run: 'autoscale deployment other --min=1 --max=3', expect: /other autoscaled/ },
  { name: 'apply', run: 'apply -f -', input: CONFIG('red'), expect: /configmap\/settings created/ },
  { name: 'apply', run: 'apply -f -', input: CONFIG('red'), expect: /configmap\/settings unchanged/ },
  { name: 'diff', run: 'diff -f -', input: CONFIG('blue'), expect: /\+ +colour: blue/, fails: true },
  { name: 'apply', run: 'apply -f -', input: CONFIG('blue'), expect: /configmap\/settings configured/ },
  {
    name: 'apply view-last-applied',
    run: 'apply view-last-applied configmap settings',
    expect: /colour: blue/,
  },
  {
    name: 'apply --prune',
    run: 'apply -f - --prune -l pruned=yes --prune-allowlist=core/v1/ConfigMap',
    since: 26,
    input: CONFIG('blue').replace('name: settings', 'name: kept, labels: {pruned: "yes"}'),
    expect: /configmap\/kept created/,
  },
  {
    name: 'apply --server-side',
    run: 'apply --server-side -f -',
    input: CONFIG('red').replace('settings', 'shared'),
    expect: /configmap\/shared serverside-applied/,
  },
  {
    name: 'apply --server-side',
    run: 'apply --server-side --field-manager=other -f -',
    input: CONFIG('blue').replace('settings', 'shared'),
    expect: /conflict with "kubectl[^"]*".*: \.data\.colour/s,
    fails: true,
  },
  {
    name: 'apply --server-side --force-conflicts',
    run: 'apply --server-side --field-manager=other --force-conflicts -f -',
    input: CONFIG('blue').replace('settings', 'shared'),
    expect: /shared serverside-applied/,
  },
]

const reading: Command[] = [
  {
    name: 'rollout status',
    run: 'rollout status deployment web --timeout=180s',
    expect: /successfully rolled out/,
  },
  {
    name: 'wait',
    run: 'wait --for=condition=Available deployment/web --timeout=180s',
    expect: /condition met/,
  },
  {
    name: 'wait --for=jsonpath',
    run: "wait --for=jsonpath='{.status.readyReplicas}'=2 deployment/web --timeout=180s",
    since: 23,
    expect: /condition met/,
  },
  { name: 'get', run: 'get deployments', expect: /^NAME +READY +UP-TO-DATE +AVAILABLE +AGE/ },
  {
    name: 'get -o wide',
    run: 'get deployments -o wide',
    expect: /web +2\/2 +2 +2 +\S+ +web +web:1 +app=web/,
  },
  { name: 'get -o yaml, json', run: 'get deployment web -o yaml', expect: /^kind: Deployment$/m },
  { name: 'get -o yaml, json', run: 'get deployment web -o json', expect: /"kind": "Deployment"/ },
  { name: 'get -o name', run: 'get deployment web -o name', expect: /^deployment\.apps\/web$/m },
  { name: 'get -o jsonpath', run: "get deployment web -o jsonpath='{.spec.replicas}'", expect: /^2$/ },
  {
    name: 'get -o custom-columns',
    run: 'get deployment web -o custom-columns=IMAGE:.spec.template.spec.containers[0].image',
    expect: /^IMAGE\nweb:1$/m,
  },
  {
    name: 'get -o go-template',
    run: "get deployment web -o go-template='{{.metadata.name}}'",
    expect: /^web$/,
  },
  { name: 'get -A, all', run: 'get pods -A', expect: /^NAMESPACE +NAME +READY/ },
  { name: 'get -A, all', run: 'get all', expect: /deployment\.apps\/web/ },
  { name: 'get -l, --show-labels', run: 'get pods -l app=web --show-labels', expect: /app=web/ },
  { name: 'get --field-selector', run: 'get pods --field-selector=metadata.name=solo', expect: /^solo /m },
  {
    name: 'get --sort-by, --chunk-size',
    run: 'get pods --sort-by=.metadata.name --chunk-size=1',
    expect: /solo/,
  },
  { name: 'get -w', run: 'get configmap settings -w --request-timeout=10s', expect: /^settings +1 /m },
  { name: 'describe', run: 'describe deployment web', expect: /Replicas: +2 desired/ },
  { name: 'describe', run: 'describe pods -l app=web', expect: /Container ID|Image: +web:1/ },
  { name: 'describe', run: 'describe service web', expect: /Endpoints:/ },
  { name: 'events', run: 'events --for deployment/web', since: 26, expect: /ScalingReplicaSet/ },
  { name: 'get events', run: 'get events', expect: /ScalingReplicaSet/ },
]

const changing: Command[] = [
  { name: 'label', run: 'label deployment web tier=front', expect: /web labeled/ },
  { name: 'annotate', run: 'annotate deployment web note=1', expect: /web annotate/ },
  { name: 'edit', run: 'edit configmap settings', expect: /settings edited/ },
  { name: 'get -o jsonpath', run: "get configmap settings -o jsonpath='{.data.colour}'", expect: /^green$/ },
  {
    name: 'patch (strategic)',
    run: `patch deployment web -p '{"spec":{"template":{"spec":{"containers":[{"name":"web","env":[{"name":"A","value":"b"}]}]}}}}'`,
    expect: /web patched/,
  },
  {
    name: 'patch (merge)',
    run: `patch cm settings --type=merge -p '{"data":{"b":"c"}}'`,
    expect: /settings patched/,
  },
  {
    name: 'patch (json)',
    run: `patch cm settings --type=json -p '[{"op":"remove","path":"/data/b"}]'`,
    expect: /settings patched/,
  },
  {
    name: 'patch --subresource',
    run: `patch deployment other --subresource=scale --type=merge -p '{"spec":{"replicas":2}}'`,
    since: 24,
    expect: /other patched/,
  },
  { name: 'replace', run: 'replace -f -', input: CONFIG('black'), expect: /configmap\/settings replaced/ },
  {
    name: 'replace --force',
    run: 'replace --force -f -',
    input: CONFIG('white'),
    expect: /settings replaced/,
  },
  { name: 'scale', run: 'scale deployment web --replicas=3 --current-replicas=2', expect: /web scaled/ },
  { name: 'set image', run: 'set image deployment/web web=web:2', expect: /web image updated/ },
  { name: 'set env', run: 'set env deployment/web COLOUR=red', expect: /web env updated/ },
  {
    name: 'set resources',
    run: 'set resources deployment web --requests=cpu=1m',
    expect: /web resource requirements updated/,
  },
  { name: 'set selector', run: `set selector service made app=other`, expect: /made selector updated/ },
  {
    name: 'set serviceaccount',
    run: 'set serviceaccount deployment web robot',
    expect: /web serviceaccount updated/,
  },
  {
    name: 'set subject',
    run: 'set subject rolebinding reads --user=joe',
    expect: /rolebinding\.rbac\.authorization\.k8s\.io\/reads subjects updated/,
  },
  {
    name: 'debug',
    run: 'debug pod/solo --image=tools:1 -c tools --attach=false --profile=general',
    since: 27,
    expect: /^$|tools|Defaulting/,
  },
]

const rollouts: Command[] = [
  {
    name: 'rollout status',
    run: 'rollout status deployment web --timeout=180s',
    expect: /successfully rolled out/,
  },
  { name: 'rollout history', run: 'rollout history deployment web', expect: /REVISION/ },
  { name: 'rollout history', run: 'rollout history deployment web --revision=1', expect: /web:1/ },
  { name: 'rollout pause, resume', run: 'rollout pause deployment web', expect: /web paused/ },
  { name: 'rollout pause, resume', run: 'rollout resume deployment web', expect: /web resumed/ },
  { name: 'rollout restart', run: 'rollout restart deployment web', expect: /web restarted/ },
  { name: 'rollout undo', run: 'rollout undo deployment web --to-revision=1', expect: /web rolled back/ },
  {
    name: 'rollout undo',
    run: "get deployment web -o jsonpath='{.spec.template.spec.containers[0].image}'",
    expect: /^web:1$/,
  },
]

const nodes: Command[] = [
  { name: 'taint', run: 'taint node ID job=batch:PreferNoSchedule', expect: /tainted/ },
  { name: 'cordon', run: 'cordon ID', expect: /cordoned/ },
  { name: 'drain', run: 'drain ID --force --ignore-daemonsets --timeout=180s', expect: /drained|evicted/ },
  { name: 'uncordon', run: 'uncordon ID', expect: /uncordoned/ },
  { name: 'describe', run: 'describe node ID', expect: /job=batch:PreferNoSchedule/ },
]

const rights: Command[] = [
  { name: 'auth can-i', run: 'auth can-i create pods', expect: /^yes/ },
  { name: 'auth can-i --as', run: 'auth can-i delete nodes --as=jane-ID', expect: /no/, fails: true },
  { name: 'auth can-i --list', run: 'auth can-i --list --as=jane-ID', expect: /pods\/log/ },
  { name: 'auth whoami', run: 'auth whoami', since: 28, expect: /system:masters/ },
  { name: 'auth reconcile', run: 'auth reconcile -f -', input: ROLE, expect: /reader-\S+ reconciled/ },
]

const certificates = (pem: string): Command[] =>
  ['approve', 'deny'].flatMap(verb => [
    {
      name: `certificate ${verb}`,
      run: 'create -f -',
      input: SIGNING_REQUEST(pem).replace('NAME', `${verb}-ID`),
      expect: /created/,
    },
    {
      name: `certificate ${verb}`,
      run: `certificate ${verb} ${verb}-ID`,
      expect: verb === 'deny' ? /denied/ : /approved/,
    },
  ])

const deleting: Command[] = [
  { name: 'delete', run: 'delete configmap made', expect: /configmap "made" deleted/ },
  { name: 'create -f', run: 'create -f -', input: BARE_POD, expect: /pod\/bare created/ },
  {
    name: 'delete --force',
    run: 'delete pod bare --grace-period=0 --force',
    expect: /pod "bare" force deleted/,
  },
  { name: 'delete -l, --all', run: 'delete deployments -l app=web', expect: /"web" deleted/ },
  {
    name: 'wait --for=delete',
    run: 'wait --for=delete pod -l app=web --timeout=180s',
    since: 27,
    expect: /condition met|no matching|^$/,
  },
  { name: 'create -f', run: 'create -f -', input: BARE_POD, expect: /pod\/bare created/ },
  { name: 'delete -f', run: 'delete -f -', input: BARE_POD, expect: /pod "bare" deleted/ },
  { name: 'delete -l, --all', run: 'delete jobs,cronjobs --all', expect: /"once" deleted/ },
  {
    name: 'delete --cascade',
    run: 'delete deployment other --cascade=foreground',
    expect: /"other" deleted/,
  },
  {
    name: 'delete',
    run: 'delete clusterrolebinding/reads-ID clusterrole/reader-ID priorityclass/urgent-ID',
    expect: /reads-\S+ deleted|"reads-\S+" deleted/,
  },
  { name: 'delete', run: 'delete namespace NS --wait=false', expect: /namespace "\S+" deleted/ },
]
