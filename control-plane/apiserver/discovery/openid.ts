import { createPublicKey } from 'node:crypto'
import { methodNotAllowed } from '../../../api/meta/status.ts'
import { ISSUER } from '../../auth/authenticators.ts'
import { keyId } from '../../auth/key-id.ts'
import { sendBody, sendText } from '../pipeline/respond.ts'
import type { ApiContext } from '../pipeline/state.ts'

export const CONFIGURATION_PATH = '/.well-known/openid-configuration'
export const KEYS_PATH = '/openid/v1/jwks'

const ALGORITHM = 'ES256'
/** Keys hardly ever change: others need not ask again for an hour. */
const CACHED = { 'cache-control': 'public, max-age=3600' }

/** Tells whoever is to believe service accounts' tokens who issues them, and by which key (OpenID discovery). */
export class OpenIdHandler {
  readonly #configuration: Buffer
  readonly #keys: Buffer

  /** `publicKey` in PEM; `address` is where others reach this server, `host:port`. */
  constructor(publicKey: string, address: string) {
    const key = createPublicKey(publicKey)
    const { kty, crv, x, y } = key.export({ format: 'jwk' })
    const one = { use: 'sig', kty, kid: keyId(key), crv, alg: ALGORITHM, x, y }
    this.#keys = Buffer.from(JSON.stringify({ keys: [one] }))
    this.#configuration = Buffer.from(
      JSON.stringify({
        issuer: ISSUER,
        jwks_uri: `https://${address}${KEYS_PATH}`,
        response_types_supported: ['id_token'],
        subject_types_supported: ['public'],
        id_token_signing_alg_values_supported: [ALGORITHM],
      }),
    )
  }

  async handle(ctx: ApiContext): Promise<void> {
    const { info } = ctx.state
    const path = info.path.replace(/\/$/, '')
    if (info.method !== 'GET' && [CONFIGURATION_PATH, KEYS_PATH].includes(path)) throw methodNotAllowed()
    if (path === CONFIGURATION_PATH) {
      return await sendBody(ctx, 200, 'application/json', this.#configuration, CACHED)
    }
    if (path === KEYS_PATH) return await sendBody(ctx, 200, 'application/jwk-set+json', this.#keys, CACHED)
    await sendText(ctx, 404, '404 page not found\n')
  }
}
