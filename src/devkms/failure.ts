/** Refusals of the API gateway, from its documented common table: HTTP status, code, message. */
const gatewayTable = {
  'bad-request': [400, '100', 'Bad Request Exception'],
  'authentication-failed': [401, '200', 'Authentication Failed'],
  forbidden: [403, '230', 'Forbidden'],
  'not-found': [404, '300', 'Not Found Exception'],
  'entity-too-large': [413, '430', 'Request Entity Too Large'],
  unexpected: [500, '900', 'Unexpected Error'],
} as const

/**
 * Refusals of the key service, with their HTTP status. The real service's codes are not documented; only the
 * shape `{ code, msg, data }` is.
 */
const serviceTable = {
  INVALID_PARAMETER: 400,
  INVALID_CIPHERTEXT: 400,
  UNSUPPORTED_KEY_TYPE: 400,
  KEY_NOT_FOUND: 404,
  KEY_VERSION_NOT_FOUND: 404,
  INVALID_KEY_STATE: 409,
  INVALID_KEY_VERSION_STATE: 409,
  KEY_LIMIT_EXCEEDED: 409,
  KEY_VERSION_LIMIT_EXCEEDED: 409,
  TOKEN_GENERATOR_ACTIVE: 409,
  TOKEN_GENERATOR_INACTIVE: 409,
} as const

export type GatewayProblem = keyof typeof gatewayTable
export type ServiceProblem = keyof typeof serviceTable

/** A request that is refused, with the answer it gets: HTTP status and JSON body. */
export class KmsFailure extends Error {
  override readonly name = 'KmsFailure'
  /** The gateway's number or the service's word. */
  readonly code: string
  readonly status: number
  readonly body: object

  constructor(code: string, message: string, answer: { readonly status: number; readonly body: object }) {
    super(message)
    this.code = code
    this.status = answer.status
    this.body = answer.body
  }
}

/** A refusal in front of the key service, in the gateway's shape. */
export function gatewayFailure(problem: GatewayProblem): KmsFailure {
  const [status, errorCode, message] = gatewayTable[problem]
  return new KmsFailure(errorCode, message, { status, body: { error: { errorCode, message } } })
}

/** A refusal by the key service; `message` must hold nothing secret, since it is answered as `msg`. */
export function serviceFailure(code: ServiceProblem, message: string): KmsFailure {
  return new KmsFailure(code, message, {
    status: serviceTable[code],
    body: { code, msg: message, data: null },
  })
}
