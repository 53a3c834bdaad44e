import { choice, entry, list, parsed, section } from '../field.ts'
import { name } from './listeners.ts'

export const logAnalytics = section('Streaming of records to log-analytics services.', {
  sinks: list(
    { description: 'The services.', unsupported: true },
    entry('A sink.', {
      name: name('What logs and metrics call it; each sink its own.'),
      type: choice({ description: 'Its protocol.' }, ['elasticsearch', 'otlp', 'webhook']),
      url: parsed<string>(
        { description: 'Where records are sent.', secret: true },
        {
          expected: 'an http or https URL',
          parse: (value) =>
            typeof value === 'string' && /^https?:\/\//.test(value) && URL.canParse(value) ? value : null,
          format: (value) => value,
        },
      ),
      format: choice({ description: 'What a record is written as.', default: 'ocsf' }, [
        'ocsf',
        'ecs',
        'naver',
        'raw',
      ]),
    }),
  ),
})
