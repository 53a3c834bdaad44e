import type { Environment } from '../../src/store/environment.ts'
import { type RingVerification, type VerifyReport, verifyStore } from '../../src/store/verify.ts'

/** What verify says of a store, with what it told of each ring. */
export function verified(
  environment: Environment,
  options: { readonly key?: string } = {},
): Omit<VerifyReport, 'rings' | 'redacted'> & { readonly rings: readonly RingVerification[] } {
  const rings: RingVerification[] = []
  const { redacted: _, ...report } = verifyStore(environment, {
    ...options,
    found: (ring) => void rings.push(ring),
  })
  return { ...report, rings }
}
