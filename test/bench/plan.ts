/** How much is measured. */
export interface Plan {
  /** Interleaved rounds; every hop is measured once in each, at each number of connections. */
  readonly rounds: number
  /** Length of one measurement, in seconds. */
  readonly seconds: number
  readonly warmUpSeconds: number
  readonly connections: readonly number[]
}

/** The connections that the goals of DESIGN 11 are set for. */
export const GOAL_CONNECTIONS = 32

const PLANS = {
  quick: { rounds: 3, seconds: 1, warmUpSeconds: 1, connections: [GOAL_CONNECTIONS] },
  normal: { rounds: 5, seconds: 3, warmUpSeconds: 3, connections: [GOAL_CONNECTIONS] },
  full: { rounds: 5, seconds: 3, warmUpSeconds: 3, connections: [1, GOAL_CONNECTIONS, 128] },
} as const satisfies Record<string, Plan>

/** The names of the plans. */
export type PlanName = keyof typeof PLANS

export function planOf(name: PlanName): Plan {
  return PLANS[name]
}

/** Most connections that a plan opens at a time. */
export function mostConnections({ connections }: Plan): number {
  return Math.max(...connections)
}
