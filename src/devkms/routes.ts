import type { Handler, KeyHandler } from './call.ts'
import {
  handleAddAcl,
  handleDisableAcl,
  handleEnableAcl,
  handleGetAcl,
  handleRemoveAcl,
} from './manage-acl.ts'
import {
  handleCancelDeletion,
  handleCreateKey,
  handleDeleteKey,
  handleDisableKey,
  handleEnableKey,
  handleKeyInfo,
  handleListKeys,
  handleRequestDeletion,
  handleUpdateMemo,
  handleUpdateName,
} from './manage-key.ts'
import {
  handleDisableAutoRotation,
  handleDisableVersion,
  handleEnableAutoRotation,
  handleEnableVersion,
  handleListVersions,
  handleRotate,
  handleUpdateRotationPeriod,
} from './manage-rotation.ts'
import {
  handleCreateAccessToken,
  handleCreateTokenGenerator,
  handleCreateTokenSet,
  handleDeleteTokenGenerator,
  handleGetTokenGenerator,
  handleReplaceTokenGenerator,
} from './manage-token.ts'
import { handleActivities, handleLastUseInfo } from './read-history.ts'
import {
  handleCreateCustomKey,
  handleDecrypt,
  handleEncrypt,
  handleGetPublicKey,
  handleReEncrypt,
  handleSign,
  handleVerify,
} from './use-key.ts'

/** Who a route is for: an account by its signature, that or an access token, or a refresh token only. */
export type RouteAuth = 'signature-v1' | 'signature-v2' | 'signature-v2-or-access-token' | 'refresh-token'

interface RouteHead {
  readonly method: string
  /** Split at `/`; `{key}` and `{version}` stand for any segment. */
  readonly segments: readonly string[]
  readonly auth: RouteAuth
}

/** One line of the API: a request for a key, or for none. */
export type Route = RouteHead &
  (
    | { readonly kind: 'keyless'; readonly handle: Handler }
    | { readonly kind: 'key'; readonly handle: KeyHandler }
  )

/** Every call of API 1.0 (`/keys/v1` and `/keys/v2`, the gateway's two stages) and 2.0 (`/kms/v1`). */
export const routes: readonly Route[] = [
  ...legacyStage('/keys/v1', 'signature-v1'),
  ...legacyStage('/keys/v2', 'signature-v2'),

  keyless('GET', handleListKeys),
  keyless('POST', handleCreateKey),
  manage('GET', '', handleKeyInfo),
  manage('DELETE', '', handleDeleteKey),
  manage('POST', '/request-deletion', handleRequestDeletion),
  manage('POST', '/cancel-deletion', handleCancelDeletion),
  manage('POST', '/enable', handleEnableKey),
  manage('POST', '/disable', handleDisableKey),
  manage('PUT', '/name', handleUpdateName),
  manage('PUT', '/memo', handleUpdateMemo),

  manage('POST', '/rotate', handleRotate),
  manage('POST', '/enable-auto-rotation', handleEnableAutoRotation),
  manage('POST', '/disable-auto-rotation', handleDisableAutoRotation),
  manage('PUT', '/rotation-period', handleUpdateRotationPeriod),
  manage('GET', '/versions', handleListVersions),
  manage('POST', '/versions/{version}/enable', handleEnableVersion),
  manage('POST', '/versions/{version}/disable', handleDisableVersion),

  manage('GET', '/activities', handleActivities),
  manage('GET', '/last-use-info', handleLastUseInfo),

  manage('GET', '/acl', handleGetAcl),
  manage('POST', '/acl', handleAddAcl),
  manage('DELETE', '/acl', handleRemoveAcl),
  manage('POST', '/acl/enable', handleEnableAcl),
  manage('POST', '/acl/disable', handleDisableAcl),

  manage('POST', '/token-generator', handleCreateTokenGenerator),
  manage('GET', '/token-generator', handleGetTokenGenerator),
  manage('PUT', '/token-generator', handleReplaceTokenGenerator),
  manage('DELETE', '/token-generator', handleDeleteTokenGenerator),
  manage('POST', '/token-set', handleCreateTokenSet),
  forKey('PUT', '/kms/v1/keys/{key}/token-set', 'refresh-token', handleCreateTokenSet),
  forKey('POST', '/kms/v1/keys/{key}/access-token', 'refresh-token', handleCreateAccessToken),

  use('/encrypt', handleEncrypt),
  use('/decrypt', handleDecrypt),
  use('/re-encrypt', handleReEncrypt),
  use('/create-custom-key', handleCreateCustomKey),
  use('/sign', handleSign),
  use('/verify', handleVerify),
  use('/get-pub-key', handleGetPublicKey),
]

/** API 1.0 spells two of its six calls differently from 2.0. */
function legacyStage(base: string, auth: RouteAuth): readonly Route[] {
  return [
    forKey('POST', `${base}/{key}/encrypt`, auth, handleEncrypt),
    forKey('POST', `${base}/{key}/decrypt`, auth, handleDecrypt),
    forKey('POST', `${base}/{key}/reencrypt`, auth, handleReEncrypt),
    forKey('POST', `${base}/{key}/createCustomKey`, auth, handleCreateCustomKey),
    forKey('POST', `${base}/{key}/sign`, auth, handleSign),
    forKey('POST', `${base}/{key}/verify`, auth, handleVerify),
  ]
}

function keyless(method: string, handle: Handler): Route {
  return { kind: 'keyless', method, segments: ['kms', 'v1', 'keys'], auth: 'signature-v2', handle }
}

function manage(method: string, rest: string, handle: KeyHandler): Route {
  return forKey(method, `/kms/v1/keys/{key}${rest}`, 'signature-v2', handle)
}

function use(rest: string, handle: KeyHandler): Route {
  return forKey('POST', `/kms/v1/keys/{key}${rest}`, 'signature-v2-or-access-token', handle)
}

function forKey(method: string, path: string, auth: RouteAuth, handle: KeyHandler): Route {
  return { kind: 'key', method, segments: path.slice(1).split('/'), auth, handle }
}
