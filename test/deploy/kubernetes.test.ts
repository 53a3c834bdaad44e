import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { StatefulSet } from 'kubernetes-types/apps/v1.js'
import type { ConfigMap, Probe, Service } from 'kubernetes-types/core/v1.js'
import t from 'tap'
import { loadConfig } from '../../src/config/load.ts'
import { deployDocuments } from './manifest.ts'

const TSC = new URL('../../node_modules/typescript/bin/tsc', import.meta.url).pathname

/** The modules of Kubernetes' types, by a manifest's apiVersion. */
const MODULES: Readonly<Record<string, string>> = {
  v1: 'core/v1',
  'apps/v1': 'apps/v1',
  'networking.k8s.io/v1': 'networking/v1',
}

interface Manifest {
  readonly apiVersion: string
  readonly kind: string
}

const documents = deployDocuments('kubernetes.yaml') as Manifest[]
const [stateful] = documents.filter(({ kind }) => kind === 'StatefulSet') as unknown as StatefulSet[]
const pod = stateful?.spec?.template.spec
const [sidecar] = pod?.initContainers ?? []

t.test('every field is one of Kubernetes, of its type', async (t) => {
  const source = documents.map(({ apiVersion, kind, ...fields }, index) => {
    const literal = JSON.stringify({ apiVersion, kind, ...fields })
    return `import type { ${kind} as T${index} } from 'kubernetes-types/${MODULES[apiVersion]}.js'\nexport const d${index}: T${index} = ${literal}\n`
  })
  const check = (name: string, text: string): void => {
    const file = join(t.testdir({}), name)
    writeFileSync(file, text)
    execFileSync(process.execPath, [
      TSC,
      '--noEmit',
      '--strict',
      '--skipLibCheck',
      '--module',
      'nodenext',
      '--types',
      'node',
      file,
    ])
  }
  t.equal(documents.length, 4)
  t.doesNotThrow(() => check('manifests.ts', source.join('')))
  t.throws(() => check('wrong.ts', source.join('').replace('"readinessProbe"', '"readyProbe"')))
})

t.test('the configuration in it is valid, and waits less than Kubernetes does', async (t) => {
  const [map] = documents.filter(({ kind }) => kind === 'ConfigMap') as unknown as ConfigMap[]
  const text = map?.data?.['keytrail.yaml'] ?? ''
  const dir = t.testdir({ auditor: 'a-token-of-enough-characters' })
  const file = join(dir, 'keytrail.yaml')
  writeFileSync(file, text.replace('/etc/keytrail/tokens/auditor', join(dir, 'auditor')))
  const config = loadConfig({ file, env: {} })
  const preStop = 5000
  t.ok(config.shutdown.grace + preStop < 1000 * (pod?.terminationGracePeriodSeconds ?? 0))
  t.equal(config.store.path, mountPath('data'))
  t.ok(text.includes(`file: ${mountPath('tokens')}/auditor`))
  t.equal(sidecar?.env?.find(({ name }) => name === 'KEYTRAIL_CONFIG')?.value, mountPath('config'))
  const ports = sidecar?.ports?.map(({ name, containerPort }) => [name, containerPort])
  t.same(ports, [
    ['key-api', config.listeners[0]?.bind.port],
    ['history', config.history.bind.port],
  ])
})

t.test('it is a native sidecar, probed where keytrail answers, and the key API is behind it', async (t) => {
  t.equal(sidecar?.restartPolicy, 'Always')
  const path = (probe: Probe | undefined) => probe?.httpGet?.path
  t.equal(path(sidecar?.readinessProbe), '/readyz')
  t.equal(path(sidecar?.livenessProbe), '/healthz')
  t.equal(path(sidecar?.startupProbe), '/healthz')
  const [keyApi] = pod?.containers ?? []
  t.same(keyApi?.ports ?? [], [])
  t.match(keyApi?.args, ['--listen', /^127\.0\.0\.1:/])
  const [service] = documents.filter(({ kind }) => kind === 'Service') as unknown as Service[]
  t.same(
    service?.spec?.ports?.map(({ targetPort }) => targetPort),
    ['key-api', 'history'],
  )
})

t.test('every container is restricted (Pod Security Standards)', async (t) => {
  t.match(pod?.securityContext, { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } })
  for (const { securityContext, resources } of [...(pod?.initContainers ?? []), ...(pod?.containers ?? [])]) {
    t.same(securityContext, {
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    })
    t.ok(resources?.limits?.['memory'])
  }
})

function mountPath(volume: string): string | undefined {
  return sidecar?.volumeMounts?.find(({ name }) => name === volume)?.mountPath
}
