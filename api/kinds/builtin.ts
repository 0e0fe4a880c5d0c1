import * as admissionregistration from './admissionregistration.ts'
import * as apiextensions from './apiextensions.ts'
import * as apiregistration from './apiregistration.ts'
import * as apps from './apps.ts'
import * as authentication from './authentication.ts'
import * as authorization from './authorization.ts'
import * as autoscaling from './autoscaling.ts'
import * as batch from './batch.ts'
import * as certificates from './certificates.ts'
import * as coordination from './coordination.ts'
import * as core from './core.ts'
import * as discovery from './discovery.ts'
import * as events from './events.ts'
import * as flowcontrol from './flowcontrol.ts'
import type { KindDeclaration } from './kind.ts'
import * as networking from './networking.ts'
import * as node from './node.ts'
import * as policy from './policy.ts'
import * as rbac from './rbac.ts'
import * as resource from './resource.ts'
import * as scheduling from './scheduling.ts'
import * as storage from './storage.ts'

const groups = [
  core,
  apps,
  batch,
  autoscaling,
  policy,
  networking,
  discovery,
  coordination,
  rbac,
  storage,
  scheduling,
  node,
  certificates,
  apiextensions,
  apiregistration,
  authentication,
  authorization,
  events,
  admissionregistration,
  flowcontrol,
  resource,
]

/** Every kind served by default, in the order discovery lists the groups. */
export const builtinKinds: readonly KindDeclaration[] = groups.flatMap(
  group => Object.values(group) as KindDeclaration[],
)
