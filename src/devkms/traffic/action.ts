/** Every call of API 2.0 by its action name: method and path after `/kms/v1/keys`. */
const calls = {
  'list-keys': ['GET', ''],
  'create-key': ['POST', ''],
  'key-info': ['GET', '/{key}'],
  'delete-key': ['DELETE', '/{key}'],
  'request-deletion': ['POST', '/{key}/request-deletion'],
  'cancel-deletion': ['POST', '/{key}/cancel-deletion'],
  'enable-key': ['POST', '/{key}/enable'],
  'disable-key': ['POST', '/{key}/disable'],
  rotate: ['POST', '/{key}/rotate'],
  'enable-auto-rotation': ['POST', '/{key}/enable-auto-rotation'],
  'disable-auto-rotation': ['POST', '/{key}/disable-auto-rotation'],
  'update-rotation-period': ['PUT', '/{key}/rotation-period'],
  'update-name': ['PUT', '/{key}/name'],
  'update-memo': ['PUT', '/{key}/memo'],
  'list-versions': ['GET', '/{key}/versions'],
  'enable-version': ['POST', '/{key}/versions/{version}/enable'],
  'disable-version': ['POST', '/{key}/versions/{version}/disable'],
  activities: ['GET', '/{key}/activities'],
  'last-use-info': ['GET', '/{key}/last-use-info'],
  'get-acl': ['GET', '/{key}/acl'],
  'add-acl': ['POST', '/{key}/acl'],
  'remove-acl': ['DELETE', '/{key}/acl'],
  'enable-acl': ['POST', '/{key}/acl/enable'],
  'disable-acl': ['POST', '/{key}/acl/disable'],
  'create-token-generator': ['POST', '/{key}/token-generator'],
  'get-token-generator': ['GET', '/{key}/token-generator'],
  'replace-token-generator': ['PUT', '/{key}/token-generator'],
  'delete-token-generator': ['DELETE', '/{key}/token-generator'],
  'create-token-set': ['POST', '/{key}/token-set'],
  'renew-token-set': ['PUT', '/{key}/token-set'],
  'create-access-token': ['POST', '/{key}/access-token'],
  encrypt: ['POST', '/{key}/encrypt'],
  decrypt: ['POST', '/{key}/decrypt'],
  're-encrypt': ['POST', '/{key}/re-encrypt'],
  'create-custom-key': ['POST', '/{key}/create-custom-key'],
  sign: ['POST', '/{key}/sign'],
  verify: ['POST', '/{key}/verify'],
  'get-public-key': ['POST', '/{key}/get-pub-key'],
} as const satisfies Readonly<Record<string, readonly [string, string]>>

export type Action = keyof typeof calls

/** The six calls of API 1.0, where two are spelled differently. */
const legacyNames = {
  encrypt: 'encrypt',
  decrypt: 'decrypt',
  're-encrypt': 'reencrypt',
  'create-custom-key': 'createCustomKey',
  sign: 'sign',
  verify: 'verify',
} as const

export type LegacyAction = keyof typeof legacyNames

/** API 1.0's gateway stages; each has its own signature version. */
export type LegacyStage = 'v1' | 'v2'

export interface RequestLine {
  readonly method: string
  readonly target: string
}

/** `query` starts with `?`, or is ''. */
export function requestLine(
  action: Action,
  key: string,
  rest: { version: number; query: string },
): RequestLine {
  const [method, path] = calls[action]
  const filled = path.replace('{key}', key).replace('{version}', String(rest.version))
  return { method, target: `/kms/v1/keys${filled}${rest.query}` }
}

export function legacyRequestLine(action: LegacyAction, key: string, stage: LegacyStage): RequestLine {
  return { method: 'POST', target: `/keys/${stage}/${key}/${legacyNames[action]}` }
}
