import type { StaticDecode } from '@sinclair/typebox'
import { choice, duration, section, text } from './field.ts'
import { acl, channelRules, forwardedHeader, requesters, trustedProxies } from './section/access.ts'
import { history } from './section/history.ts'
import { limits } from './section/limits.ts'
import { listeners } from './section/listeners.ts'
import { logAnalytics } from './section/log-analytics.ts'
import { durability, journal, onStoreFailure, retention, store } from './section/recording.ts'
import { upstream } from './section/upstream.ts'

/** The configuration file: what it may say, what that means and what is taken where it says nothing. */
export const configSchema = section('keytrail’s configuration.', {
  listeners,
  upstream,
  dialect: text(
    {
      description: 'The key API’s dialect: a name in `config/dialects`, or a YAML file.',
      default: 'naver-kms',
    },
    'a dialect’s name or the path of its file',
  ),
  durability,
  trustedProxies,
  forwardedHeader,
  channelRules,
  requesters,
  acl,
  store,
  journal,
  onStoreFailure,
  retention,
  limits,
  history,
  logAnalytics,
  shutdown: section('How to stop.', {
    grace: duration(
      {
        description: 'How long exchanges under way may take to finish when keytrail is asked to stop.',
        default: '25s',
      },
      { min: 0, max: 3_600_000 },
    ),
  }),
  log: section('The log, JSON lines on standard output.', {
    level: choice({ description: 'The least severe lines written.', default: 'info' }, [
      'trace',
      'debug',
      'info',
      'warn',
      'error',
      'fatal',
      'silent',
    ]),
  }),
})

/** What a valid file says, defaults filled in and every text parsed; files it names are not read yet. */
export type ConfigDocument = StaticDecode<typeof configSchema>

/** The parts of a file that are valid. */
export type ConfigSections = { readonly [Name in keyof ConfigDocument]?: ConfigDocument[Name] }
