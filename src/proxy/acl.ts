import { compileGlob } from '../key-glob.ts'
import { createIpSet, type IpSet, normalizeAddress } from '../listener/ip-set.ts'

/** Which addresses may use the keys a glob names. */
export interface AclRule {
  /** Glob over key ids; `*` also takes requests that name no key. */
  readonly keys: string
  /** CIDR blocks; empty for everybody. */
  readonly allow: readonly string[]
  /** CIDR blocks; wins over `allow`. */
  readonly deny: readonly string[]
}

interface CompiledRule {
  readonly matches: (key: string) => boolean
  readonly allow: IpSet | null
  readonly deny: IpSet | null
  readonly denied: string
  readonly notAllowed: string
  readonly addressUnknown: string
}

/**
 * May this address use this key? The first rule whose glob matches the key decides; a key that no rule names is open
 * to all. A rule with a list refuses a client whose address is not known.
 */
export class Acl {
  #rules: readonly CompiledRule[] = []

  constructor(rules: readonly AclRule[]) {
    this.replace(rules)
  }

  /** From now on these rules hold, all of them at once. */
  replace(rules: readonly AclRule[]): void {
    this.#rules = rules.map(compileRule)
  }

  /** null where it may; else the reason, naming the rule. `key` is '' for a request that names none. */
  refusal(key: string, address: string): string | null {
    for (const rule of this.#rules) {
      if (rule.matches(key)) return judge(rule, address)
    }
    return null
  }
}

function compileRule(rule: AclRule, index: number): CompiledRule {
  const name = `acl: rule ${index + 1} (${rule.keys})`
  return {
    matches: compileGlob(rule.keys),
    allow: rule.allow.length === 0 ? null : createIpSet(rule.allow),
    deny: rule.deny.length === 0 ? null : createIpSet(rule.deny),
    denied: `${name} denies`,
    notAllowed: `${name} does not allow`,
    addressUnknown: `${name} needs the client's address`,
  }
}

function judge(rule: CompiledRule, address: string): string | null {
  if (rule.deny?.has(address) === true) return rule.denied
  if (rule.allow !== null) return rule.allow.has(address) ? null : rule.notAllowed
  return rule.deny === null || normalizeAddress(address) !== null ? null : rule.addressUnknown
}
