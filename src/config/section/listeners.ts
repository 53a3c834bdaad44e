import { bind, choice, cidr, entry, list, nullable, parsed, text } from '../field.ts'

const NAME = /^[a-z0-9][a-z0-9-]{0,62}$/

/** A short lower-case name, fit for a metrics label. */
export function name(description: string) {
  return parsed<string>(
    { description },
    {
      expected: 'a name of lower-case letters, digits and hyphens, at most 63',
      parse: (value) => (typeof value === 'string' && NAME.test(value) ? value : null),
      format: (value) => value,
    },
  )
}

/** A file with certificates or a key. */
function pemFile(description: string) {
  return text({ description }, 'the path of a PEM file')
}

/** TLS of a socket that we accept connections on. */
export function serverTls(description: string) {
  return nullable(
    { description: `${description} The files are read again when they change, and on SIGHUP.` },
    entry('TLS of a listener.', {
      cert: pemFile('Certificate chain, PEM, its own certificate first.'),
      key: pemFile('Private key, PEM, without passphrase.'),
      ca: nullable(
        { description: 'Authorities that client certificates are checked against, PEM.' },
        pemFile('PEM file.'),
      ),
      clientCertificate: choice(
        {
          description:
            'Whether clients are asked for a certificate (`optional`), or refused without one (`required`); one that does not verify is refused either way.',
          default: 'none',
        },
        ['none', 'optional', 'required'],
      ),
    }),
  )
}

export const listeners = list(
  {
    description: 'The sockets that key-API traffic is accepted on.',
    default: [{ name: 'api', bind: '127.0.0.1:8300', channel: 'api', tls: null, proxyProtocol: [] }],
  },
  entry('A listener.', {
    name: name('What logs and metrics call it; each listener its own.'),
    bind: bind({
      description:
        'Where to listen; port 0 takes any free port. An address other machines can reach lets them use the key API through keytrail.',
    }),
    channel: choice(
      { description: 'Recorded for its requests, unless a channel rule says otherwise.', default: 'api' },
      ['api', 'console'],
    ),
    tls: serverTls('TLS towards the clients.'),
    proxyProtocol: list(
      {
        description:
          'CIDR blocks of the peers that begin each connection with a PROXY header (version 1 or 2) and are refused without one; nobody by default. Who connects from there can claim any client address.',
      },
      cidr({ description: 'CIDR block.' }),
    ),
  }),
  { minItems: 1 },
)
