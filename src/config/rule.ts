import { type Bind, formatBind, isLoopback } from '../listener/bind.ts'
import { normalizeAddress } from '../listener/ip-set.ts'
import type { ServerTls } from '../listener/tls.ts'
import type { Path, Problem } from './problem.ts'
import { formatSize } from './quantity.ts'
import type { ConfigSections } from './schema.ts'

/** What no single field can know; each looks at the sections that are valid by themselves. */
const RULES: readonly ((sections: ConfigSections) => Problem[])[] = [
  uniqueListeners,
  oneSocketEach,
  noLoop,
  narrowTrust,
  narrowProxyProtocol,
  checkedClients,
  wholeUpstreamTls,
  conditionedChannels,
  nestedLimits,
  roomySegments,
  guardedHistory,
  completeTokens,
  completeJwt,
  namedAddresses,
]

/** The problems between fields. */
export function checkRules(sections: ConfigSections): Problem[] {
  return RULES.flatMap((rule) => rule(sections))
}

function uniqueListeners({ listeners = [] }: ConfigSections): Problem[] {
  return repeated(
    listeners.map(({ name }) => name),
    (index) => ['listeners', index, 'name'],
  )
}

function oneSocketEach({ listeners = [], history }: ConfigSections): Problem[] {
  // any number of sockets may ask for a free port
  const socket = (bind: Bind) => (bind.port === 0 ? null : formatBind(bind))
  const sockets = listeners.map(({ bind }) => socket(bind))
  if (history !== undefined) sockets.push(socket(history.bind))
  return repeated(sockets, (index) =>
    index < listeners.length ? ['listeners', index, 'bind'] : ['history', 'bind'],
  )
}

function repeated(values: readonly (string | null)[], pathOf: (index: number) => Path): Problem[] {
  return values.flatMap((value, index) => {
    const first = values.indexOf(value)
    if (value === null || first === index) return []
    const message = `${value} is taken by ${pathOf(first).slice(0, 2).join(' ')}; give each its own`
    return [{ path: pathOf(index), message }]
  })
}

function noLoop({ listeners = [], upstream }: ConfigSections): Problem[] {
  if (upstream === undefined) return []
  const { host } = new URL(upstream.url)
  const own = listeners.find(({ bind }) => formatBind(bind) === host)
  if (own === undefined) return []
  return [
    {
      path: ['upstream', 'url'],
      message: `${host} is keytrail’s own listener ${own.name}; give the key API’s`,
    },
  ]
}

function narrowTrust({ trustedProxies = [] }: ConfigSections): Problem[] {
  return trustedProxies.flatMap((block, index) =>
    block.endsWith('/0')
      ? [{ path: ['trustedProxies', index], message: `${block} would let every client name its own address` }]
      : [],
  )
}

function narrowProxyProtocol({ listeners = [] }: ConfigSections): Problem[] {
  return listeners.flatMap(({ proxyProtocol }, listener) =>
    proxyProtocol.flatMap((block, index) =>
      block.endsWith('/0')
        ? [
            {
              path: ['listeners', listener, 'proxyProtocol', index],
              message: `${block} would let every client name its own address`,
            },
          ]
        : [],
    ),
  )
}

/** An authority is there to check client certificates, and these need one. */
function checkedClients({ listeners = [], history }: ConfigSections): Problem[] {
  const sockets: [Path, ServerTls | null][] = listeners.map(({ tls }, index) => [
    ['listeners', index, 'tls', 'ca'],
    tls,
  ])
  if (history !== undefined) sockets.push([['history', 'tls', 'ca'], history.tls])
  return sockets.flatMap(([path, tls]) => {
    if (tls === null || (tls.ca === null) === (tls.clientCertificate === 'none')) return []
    const message =
      tls.ca === null
        ? 'missing; clientCertificate needs the authorities to check by'
        : 'would not be used; set clientCertificate to optional or required'
    return [{ path, message }]
  })
}

function wholeUpstreamTls({ upstream }: ConfigSections): Problem[] {
  if (upstream === undefined) return []
  const { ca, cert, key, serverName, pins } = upstream.tls
  const problems: Problem[] = []
  if ((cert === null) !== (key === null)) {
    const absent = cert === null ? 'cert' : 'key'
    problems.push({
      path: ['upstream', 'tls', absent],
      message: 'missing; expected cert and key, or neither',
    })
  }
  const given = ca !== null || cert !== null || key !== null || serverName !== null || pins.length > 0
  if (given && !upstream.url.startsWith('https:')) {
    problems.push({ path: ['upstream', 'tls'], message: `would not be used; ${upstream.url} is not https` })
  }
  return problems
}

function conditionedChannels({ channelRules = [] }: ConfigSections): Problem[] {
  return channelRules.flatMap(({ from, header }, index) =>
    from.length === 0 && header === null
      ? [{ path: ['channelRules', index], message: 'has no condition; expected from, header or both' }]
      : [],
  )
}

/** A group is at most a queue's length, and stands in one segment. */
function roomySegments({ journal }: ConfigSections): Problem[] {
  if (journal === undefined || journal.segmentSize >= 2 * journal.queue) return []
  const message = `${formatSize(journal.segmentSize)} is less than twice journal.queue (${formatSize(journal.queue)})`
  return [{ path: ['journal', 'segmentSize'], message }]
}

function nestedLimits({ limits }: ConfigSections): Problem[] {
  if (limits === undefined) return []
  const problems: Problem[] = []
  const atMost = (name: keyof typeof limits, bound: keyof typeof limits) => {
    if (limits[name] > limits[bound]) {
      problems.push({ path: ['limits', name], message: `must not be more than limits.${bound}` })
    }
  }
  atMost('headersTimeout', 'requestTimeout')
  atMost('heldBody', 'body')
  atMost('target', 'header')
  return problems
}

function guardedHistory({ history }: ConfigSections): Problem[] {
  if (history === undefined) return []
  const { auth, bind } = history
  if (auth === 'none') {
    if (isLoopback(bind.host)) return []
    const message = `none lets everybody read who reaches ${formatBind(bind)}; give tokens or jwt, or bind to 127.0.0.1`
    return [{ path: ['history', 'auth'], message }]
  }
  if (auth.certificates.length > 0 && (history.tls === null || history.tls.clientCertificate === 'none')) {
    const message = 'would not be used; history.tls must ask for client certificates'
    return [{ path: ['history', 'auth', 'certificates'], message }]
  }
  if (auth.tokens.length > 0 || auth.jwt !== null || auth.certificates.length > 0) return []
  return [{ path: ['history', 'auth'], message: 'lets nobody read; expected tokens, jwt or certificates' }]
}

function completeTokens({ history }: ConfigSections): Problem[] {
  if (history === undefined || history.auth === 'none') return []
  const { tokens } = history.auth
  const pathOf = (index: number): Path => ['history', 'auth', 'tokens', index]
  const names = repeated(
    tokens.map(({ name }) => name),
    (index) => [...pathOf(index), 'name'],
  )
  const incomplete = tokens.flatMap(({ sha256, file }, index) =>
    (sha256 === null) === (file === null)
      ? [{ path: pathOf(index), message: 'expected one of sha256 and file' }]
      : [],
  )
  return [...names, ...incomplete]
}

function completeJwt({ history }: ConfigSections): Problem[] {
  if (history === undefined || history.auth === 'none' || history.auth.jwt === null) return []
  const { jwksUrl, jwksFile } = history.auth.jwt
  return (jwksUrl === null) === (jwksFile === null)
    ? [{ path: ['history', 'auth', 'jwt'], message: 'expected one of jwksUrl and jwksFile' }]
    : []
}

function namedAddresses({ history }: ConfigSections): Problem[] {
  return Object.keys(history?.hostNames ?? {}).flatMap((address) =>
    normalizeAddress(address) === address
      ? []
      : [
          {
            path: ['history', 'hostNames', address],
            message: `expected an address, as records show it (${normalizeAddress(address) ?? '10.1.2.3 or 2001:db8::1'})`,
          },
        ],
  )
}
