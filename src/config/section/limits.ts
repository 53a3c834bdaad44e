import { duration, integer, section, size } from '../field.ts'

const KIB = 1024
const MIB = 1024 * KIB
const GIB = 1024 * MIB
const TIB = 1024 * GIB
const SECOND = 1000
const HOUR = 3600 * SECOND

/** LMDB takes keys of up to 1978 bytes; some room is left for what stands around the id. */
const MAX_KEY_ID = 1024

export const limits = section('Bounds of everything that comes from outside.', {
  header: size(
    { description: 'All headers of a request together, request line included, else 431.', default: '16KiB' },
    { min: KIB, max: MIB },
  ),
  target: size({ description: 'Request target, else 414.', default: '8KiB' }, { min: 256, max: MIB }),
  body: size(
    { description: 'Request body, else 413. Bodies are streamed, not held.', default: '32MiB' },
    { min: KIB, max: TIB },
  ),
  heldBody: size(
    {
      description:
        'Request bodies up to this size are held in memory, so that the dialect can read their fields; of longer ones nothing is read. Times `connections`, this bounds the memory.',
      default: '64KiB',
    },
    { min: KIB, max: 64 * MIB },
  ),
  heldResponse: size(
    {
      description:
        'Responses up to this size are held in memory until their record is durable, or their fields are read; longer ones are streamed once it is.',
      default: '1MiB',
    },
    { min: KIB, max: 256 * MIB },
  ),
  connections: integer(
    { description: 'Client connections of each listener; further ones are closed.', default: 10_000 },
    { min: 1, max: 1_000_000 },
  ),
  pipelined: integer(
    {
      description:
        'Requests of one connection that may wait for those before them; a connection with more is cut.',
      default: 256,
    },
    { min: 1, max: 100_000 },
  ),
  tunnels: integer(
    {
      description:
        'Tunnels (WebSocket) at a time, where the dialect allows any; further ones are answered 503.',
      default: 100,
    },
    { min: 0, max: 100_000 },
  ),
  tunnelIdleTimeout: duration(
    { description: 'A tunnel through which nothing passes for so long is ended.', default: '10m' },
    { min: 1000, max: 24 * HOUR },
  ),
  keyId: size(
    { description: 'Bytes of a key id (UTF-8), else the request is refused.', default: '512B' },
    { min: 16, max: MAX_KEY_ID },
  ),
  headersTimeout: duration(
    { description: 'Until a request’s headers are complete, else 408.', default: '10s' },
    { min: 100, max: HOUR },
  ),
  requestTimeout: duration(
    { description: 'Until a request is complete, body included, else 408.', default: '60s' },
    { min: 100, max: HOUR },
  ),
  handshakeTimeout: duration(
    {
      description:
        'Until the TLS handshake is done and the PROXY header has come, both together, else the connection is closed.',
      default: '10s',
    },
    { min: 100, max: HOUR },
  ),
  idleTimeout: duration(
    {
      description:
        'How long an idle client connection is kept; longer than that of a load balancer in front, or it will reuse a closed one.',
      default: '65s',
    },
    { min: 100, max: 24 * HOUR },
  ),
  rings: integer(
    {
      description: 'Keys that have a ring; records of further keys go to the ring `(unattributed)`.',
      default: 1_000_000,
    },
    { min: 1, max: 1_000_000_000 },
  ),
})
