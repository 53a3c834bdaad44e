import { KeytrailError } from '../errors.ts'
import { watchFiles } from './file-watch.ts'
import { namesOf, readTlsFiles, type TlsFiles, type TlsMaterial } from './tls-files.ts'

export interface TlsReloadEvents {
  /** Takes what is new, for connections to come. What it throws is reported as {@link failed}. */
  use(material: TlsMaterial): void
  /** New files are in use. */
  reloaded(): void
  /** The new files are of no use: those before stay. */
  failed(error: KeytrailError): void
}

/** Certificates that follow their files: when these change, and when asked. */
export class TlsReload {
  readonly #files: TlsFiles
  readonly #events: TlsReloadEvents
  readonly #unwatch: () => void
  #used: TlsMaterial

  /** `used`: what is in use now. */
  constructor(files: TlsFiles, used: TlsMaterial, events: TlsReloadEvents) {
    this.#files = files
    this.#used = used
    this.#events = events
    this.#unwatch = watchFiles(namesOf(files), () => this.reload())
  }

  /** Reads the files again. */
  reload(): void {
    try {
      const material = readTlsFiles(this.#files)
      if (sameMaterial(material, this.#used)) return
      this.#events.use(material)
      this.#used = material
    } catch (error) {
      if (!(error instanceof KeytrailError)) throw error
      this.#events.failed(error)
      return
    }
    this.#events.reloaded()
  }

  close(): void {
    this.#unwatch()
  }
}

function sameMaterial(one: TlsMaterial, other: TlsMaterial): boolean {
  return same(one.cert, other.cert) && same(one.key, other.key) && same(one.ca, other.ca)
}

function same(one: Buffer | undefined, other: Buffer | undefined): boolean {
  return one === undefined || other === undefined ? one === other : one.equals(other)
}
