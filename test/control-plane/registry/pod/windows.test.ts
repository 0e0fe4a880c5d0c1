import test from 'ava'
import { accepted, refused } from '../../../helpers/rules.ts'

const pod = (spec: object = {}, container: object = {}) => ({
  metadata: { name: 'p', namespace: 'default' },
  spec: {
    serviceAccountName: 'default',
    containers: [{ name: 'c', image: 'i:1', ...container }],
    ...spec,
  },
})
const windows = { os: { name: 'windows' } }
const AT = 'spec.securityContext.windowsOptions'
const CONTAINER = 'spec.containers[0].securityContext'
const options = (windowsOptions: object) => ({ securityContext: { windowsOptions } })

test(
  accepted,
  'a Pod of Windows',
  'pods',
  pod({ ...windows, ...options({ runAsUserName: 'CORP\\user', gmsaCredentialSpecName: 'g' }) }),
)
test(
  accepted,
  'processes of the host',
  'pods',
  pod({ ...windows, hostNetwork: true, ...options({ hostProcess: true }) }),
)
test(refused, 'an unknown system', 'pods', pod({ os: { name: 'plan9' } }), [
  'spec.os: Unsupported value: "plan9": supported values: "linux", "windows"',
])
test(refused, 'no system', 'pods', pod({ os: {} }), 'spec.os.name: Required value')
test(
  refused,
  'what only Linux has',
  'pods',
  pod(
    {
      ...windows,
      hostPID: true,
      hostUsers: true,
      shareProcessNamespace: false,
      securityContext: {
        fsGroup: 1,
        runAsUser: 1,
        seLinuxOptions: {},
        sysctls: [],
        supplementalGroups: [],
        seccompProfile: { type: 'RuntimeDefault' },
      },
    },
    { securityContext: { privileged: false, capabilities: {}, procMount: 'Default', runAsNonRoot: true } },
  ),
  [
    'spec.securityContext.seLinuxOptions: Forbidden: cannot be set for a windows pod',
    'spec.hostUsers: Forbidden: cannot be set for a windows pod',
    'spec.hostPID: Forbidden: cannot be set for a windows pod',
    'spec.securityContext.seccompProfile: Forbidden: cannot be set for a windows pod',
    'spec.securityContext.fsGroup: Forbidden: cannot be set for a windows pod',
    'spec.shareProcessNamespace: Forbidden: cannot be set for a windows pod',
    'spec.securityContext.runAsUser: Forbidden: cannot be set for a windows pod',
    'spec.securityContext.supplementalGroups: Forbidden: cannot be set for a windows pod',
    `${CONTAINER}.capabilities: Forbidden: cannot be set for a windows pod`,
    `${CONTAINER}.privileged: Forbidden: cannot be set for a windows pod`,
    `${CONTAINER}.procMount: Forbidden: cannot be set for a windows pod`,
  ],
)
test(refused, 'what only Windows has', 'pods', pod({ os: { name: 'linux' }, ...options({}) }, options({})), [
  `${AT}: Forbidden: windows options cannot be set for a linux pod`,
  `${CONTAINER}.windowsOptions: Forbidden: windows options cannot be set for a linux pod`,
])
test(
  refused,
  'some processes of the host among others, without its network',
  'pods',
  pod({
    ...options({ hostProcess: true }),
    containers: [
      { name: 'a', image: 'i' },
      { name: 'b', image: 'i', ...options({ hostProcess: false }) },
    ],
  }),
  [
    'spec.containers[1].securityContext.windowsOptions.hostProcess: Invalid value: false: pod hostProcess value must be identical if both are specified, was true',
    'spec: Invalid value: "": If pod contains any hostProcess containers then all containers must be HostProcess containers',
    'spec.hostNetwork: Invalid value: false: hostNetwork must be true if pod contains any hostProcess containers',
  ],
)

const NAMES: [name: string, quoted: string, ...why: string[]][] = [
  ['', '""', 'runAsUserName cannot be an empty string'],
  ['a\u0007', '"a\\a"', 'runAsUserName cannot contain control characters'],
  ['a\\b\\c', '"a\\\\b\\\\c"', 'runAsUserName cannot contain more than one backslash'],
  [
    '.\\',
    '".\\\\"',
    "runAsUserName's Domain doesn't match the NetBios nor the DNS format",
    "runAsUserName's User cannot be empty",
  ],
  ['. .', '". ."', "runAsUserName's User cannot contain only periods or spaces"],
  ['a|b', '"a|b"', 'runAsUserName\'s User cannot contain the following characters: "/\\:;|=,+*?<>@[]'],
  [
    'x'.repeat(105),
    `"${'x'.repeat(105)}"`,
    "runAsUserName's User length must not be longer than 104 characters",
  ],
]
for (const [name, quoted, ...why] of NAMES) {
  test(
    refused,
    `the name ${quoted} of a user of Windows`,
    'pods',
    pod(options({ runAsUserName: name })),
    why.map(detail => `${AT}.runAsUserName: Invalid value: ${quoted}: ${detail}`),
  )
}
test(
  refused,
  'credentials that are none',
  'pods',
  pod(options({ gmsaCredentialSpec: '' })),
  `${AT}.gmsaCredentialSpec: Invalid value: "": gmsaCredentialSpec cannot be an empty string`,
)
