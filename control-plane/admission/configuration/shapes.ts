import { type TSchema, Type } from 'typebox'

const { Array: List, Boolean: Flag, Integer, Optional, Record: Table, String: Text, Unknown } = Type

/** An object that has these fields and no others; all may be left out. */
const fields = (properties: Record<string, TSchema>): TSchema =>
  Type.Partial(Type.Object(properties), { additionalProperties: false })

/** A configuration of its own: `apiVersion` and `kind` are looked at before. */
const versioned = (properties: Record<string, TSchema>): TSchema =>
  fields({ apiVersion: Text(), kind: Text(), ...properties })

export const admissionConfiguration = versioned({
  plugins: List(
    Type.Object(
      { name: Text(), path: Optional(Text()), configuration: Optional(Unknown()) },
      { additionalProperties: false },
    ),
  ),
})

const level = { enforce: Text(), audit: Text(), warn: Text() }
const version = { 'enforce-version': Text(), 'audit-version': Text(), 'warn-version': Text() }

export const podSecurity = versioned({
  defaults: fields({ ...level, ...version }),
  exemptions: fields({
    usernames: List(Text()),
    runtimeClasses: List(Text()),
    namespaces: List(Text()),
  }),
})

const requirement = fields({ scopeName: Text(), operator: Text(), values: List(Text()) })

export const resourceQuota = versioned({
  limitedResources: List(
    fields({
      apiGroup: Text(),
      resource: Text(),
      matchContains: List(Text()),
      matchScopes: List(requirement),
    }),
  ),
})

export const eventRateLimit = versioned({
  limits: List(fields({ type: Text(), qps: Integer(), burst: Integer(), cacheSize: Integer() })),
})

const toleration = fields({
  key: Text(),
  operator: Text(),
  value: Text(),
  effect: Text(),
  tolerationSeconds: Integer(),
})

export const podTolerations = versioned({ default: List(toleration), whitelist: List(toleration) })

export const webhooks = versioned({ kubeConfigFile: Text() })

export const imagePolicy = Type.Object(
  {
    imagePolicy: fields({
      kubeConfigFile: Text(),
      allowTTL: Integer(),
      denyTTL: Integer(),
      retryBackoff: Integer(),
      defaultAllow: Flag(),
    }),
  },
  { additionalProperties: false },
)

export const podNodeSelector = fields({ podNodeSelectorPluginConfig: Table(Text(), Text()) })
