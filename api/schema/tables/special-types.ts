const PROPS = 'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaProps'
const FIELD = 'apiextensions.v1.JSONSchemaProps.'

/** Fields whose Go types read themselves, which the models show as "any object". */
export const SPECIAL_TYPES: Readonly<Record<string, string>> = {
  [`${FIELD}default`]: 'json',
  [`${FIELD}example`]: 'json',
  [`${FIELD}enum`]: '[]json',
  [`${FIELD}dependencies`]: `{}?${PROPS}`,
  [`${FIELD}items`]: `?${PROPS}`,
  [`${FIELD}additionalItems`]: `?${PROPS}`,
  [`${FIELD}additionalProperties`]: `?${PROPS}`,
}
