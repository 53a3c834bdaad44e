import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Test } from 'tap'

/** Directories that the engine itself fills; in them, a user other than root can write nothing. */
const ENGINE_OWN = ['dev', 'etc', 'proc', 'run', 'sys']

/** The image's configuration, in the form of Docker's image specification 1.2. */
interface ImageConfig {
  readonly User: string
  readonly Entrypoint: readonly string[]
  readonly Cmd: readonly string[]
  readonly Env: readonly string[]
  readonly Volumes: Readonly<Record<string, unknown>>
  readonly ExposedPorts: Readonly<Record<string, unknown>>
  readonly StopSignal: string
  readonly Labels: Readonly<Record<string, string>>
  readonly Healthcheck: { readonly Test: readonly string[] }
}

export interface ContainerOptions {
  /** Set over the image's own. */
  readonly env?: Readonly<Record<string, string>>
  /** Another user than the image's. */
  readonly user?: string
}

/** A container of an image whose tree is read-only; only `/data` can be written. Removed when the test ends. */
export class Container {
  readonly config: ImageConfig
  /** The host's path of its tree. */
  readonly root: string
  readonly #t: Test
  readonly #id: string
  readonly #volume: string

  /** `volume` is the host's directory behind `/data`. Needs root. */
  constructor(t: Test, image: string, volume: string) {
    this.#t = t
    this.#volume = volume
    this.#id = engine('from', '--pull-never', image)
    t.teardown(() => engine('rm', this.#id))
    // Else the engine's own copy of the volume would lie over the host's directory.
    engine('config', '--volume', '/data-', this.#id)
    this.root = engine('mount', this.#id)
    const { Docker } = JSON.parse(engine('inspect', '--type', 'image', image))
    this.config = Docker.config
  }

  /** Runs `command` in it to its end; resolves with what it printed. */
  async run(
    command: readonly string[],
    options: ContainerOptions = {},
  ): Promise<{ code: number; out: string }> {
    const child = this.start(command, options)
    let out = ''
    const collect = (chunk: unknown): void => {
      out += String(chunk)
    }
    child.stdout?.on('data', collect)
    child.stderr?.on('data', collect)
    const [code] = await once(child, 'close')
    return { code, out }
  }

  /** Starts `command` in it. */
  start(
    command: readonly string[],
    { env = {}, user = this.config.User }: ContainerOptions = {},
  ): ChildProcess {
    const variables = Object.entries(env).flatMap(([name, value]) => ['--env', `${name}=${value}`])
    const volumes = readdirSync(this.root)
      .filter((name) => name !== 'data' && !ENGINE_OWN.includes(name))
      .flatMap((name) => ['--volume', `${join(this.root, name)}:/${name}:ro`])
    const child = spawn(
      'buildah',
      // chroot, since a build machine may allow no namespaces.
      [
        'run',
        '--isolation',
        'chroot',
        '--user',
        user,
        ...volumes,
        '--volume',
        `${this.#volume}:/data`,
      ].concat(variables, this.#id, '--', command),
      { stdio: ['ignore', 'pipe', 'pipe'] },
    )
    this.#t.teardown(() => child.kill('SIGKILL'))
    return child
  }
}

function engine(...args: string[]): string {
  return execFileSync('buildah', args, { encoding: 'utf8' }).trim()
}
