import { choice, duration, integer, section, size, text } from '../field.ts'

const KIB = 1024
const MIB = 1024 * KIB
const GIB = 1024 * MIB
const TIB = 1024 * GIB
const SECOND = 1000
const HOUR = 3600 * SECOND
const CENTURY = 36_500

export const durability = choice(
  {
    description:
      'When a request counts as recorded. `strict`: an intent is on disk before forwarding, the record before answering. `committed`: the record is written before answering (survives kill -9), on disk within 100 ms. `async`: answered at once; what a crash or a full disk loses is counted, not kept.',
    default: 'strict',
  },
  ['strict', 'committed', 'async'],
)

export const store = section('The data directory.', {
  path: text(
    {
      description: 'The data directory, one per sidecar; relative to the working directory.',
      default: './data',
    },
    'the path of a directory',
  ),
  mapSize: size(
    {
      description:
        'The most the store can hold. The file is sparse and takes what is used; when it is full, requests are refused with 503 until retention or a deletion that was scheduled has made room.',
      default: '64GiB',
    },
    { min: 16 * MIB, max: 64 * TIB },
  ),
})

export const journal = section('The file that makes records durable before their rings have them.', {
  segmentSize: size(
    {
      description: 'Size of one preallocated segment; at least twice `queue`.',
      default: '32MiB',
    },
    { min: MIB, max: GIB },
  ),
  maxSegments: integer(
    {
      description:
        'Segments at most, which bounds the disk space; when all are in use, requests are refused with 503.',
      default: 64,
    },
    { min: 4, max: 256 },
  ),
  queue: size(
    {
      description:
        'Bytes of entries that may be on their way to disk and rings; beyond, requests are refused with 503. Held in memory.',
      default: '16MiB',
    },
    { min: 64 * KIB, max: GIB },
  ),
  deadline: duration(
    {
      description: 'How long a request waits for its record to be durable before it is refused with 503.',
      default: '5s',
    },
    { min: 10, max: HOUR },
  ),
})

function onFailure(operations: string) {
  return choice({ description: `For ${operations}.`, default: 'refuse' }, ['refuse', 'allow'])
}

export const onStoreFailure = section(
  'What to do with requests while the store can’t take their records: `refuse` (503), or `allow`, unrecorded but for the log.',
  {
    use: onFailure(
      'uses of a key. `allow`: a key can be used without its history showing it; what is passed is counted and logged with its record',
    ),
    manage: onFailure('management of keys'),
    read: onFailure('reads about keys'),
    token: onFailure('issues of tokens'),
  },
)

export const retention = section('How much of each key’s history is kept.', {
  records: integer(
    { description: 'Newest records kept for each key.', default: 30_000 },
    { min: 1, max: 100_000_000 },
  ),
  days: integer(
    {
      description:
        'Days a record is kept. Rules may ask for more than the default (PCI DSS 10.5.1: 12 months).',
      default: 30,
    },
    { min: 1, max: CENTURY },
  ),
  tombstoneDays: integer(
    { description: 'Days the tombstone of a destroyed key is kept.', default: 365 },
    { min: 1, max: CENTURY },
  ),
})
