import type { Channel } from '../record.ts'
import { createIpSet, type IpSet } from './ip-set.ts'

/** What makes a request belong to a channel; where both conditions are given, both must hold. */
export interface ChannelRule {
  readonly channel: Exclude<Channel, 'system'>
  /** CIDR blocks of the client address; empty for no condition. */
  readonly from: readonly string[]
  /** `name` in lower case; null for no condition. */
  readonly header: { readonly name: string; readonly equals: string } | null
}

/** `rawHeaders`: name, value, name, value … as received. */
export type ChooseChannel = (
  listenerChannel: Channel,
  address: string,
  rawHeaders: readonly string[],
) => Channel

interface CompiledRule {
  readonly channel: Channel
  readonly from: IpSet | null
  readonly header: ChannelRule['header']
}

/** Makes the function that gives a request its channel: the first rule that matches, else the listener's. */
export function createChannelRules(rules: readonly ChannelRule[]): ChooseChannel {
  if (rules.length === 0) return (listenerChannel) => listenerChannel
  const compiled: CompiledRule[] = rules.map((rule) => ({
    channel: rule.channel,
    from: rule.from.length === 0 ? null : createIpSet(rule.from),
    header: rule.header,
  }))
  return (listenerChannel, address, rawHeaders) => {
    for (const { channel, from, header } of compiled) {
      if (from !== null && !from.has(address)) continue
      if (header !== null && !headerEquals(rawHeaders, header.name, header.equals)) continue
      return channel
    }
    return listenerChannel
  }
}

/** Repeated lines must all say the same: of two origins nobody knows which one the upstream believes. */
function headerEquals(rawHeaders: readonly string[], name: string, value: string): boolean {
  let found = false
  for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
    const other = rawHeaders[index]
    if (other === undefined || other.length !== name.length || other.toLowerCase() !== name) continue
    if (rawHeaders[index + 1] !== value) return false
    found = true
  }
  return found
}
