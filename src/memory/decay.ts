/**
 * Forward decay: how counts fade without anybody touching them. A message of day d adds 2^((d - epochDay) / halfLifeDays) to a
 * stored count, and reading at day t divides by 2^((t - epochDay) / halfLifeDays). So an update is a plain addition: the order of
 * updates and the number of writers do not matter, and days in the past can be learnt later. Good for 84 years after the epoch
 * (a double holds 2^1023). Pure arithmetic.
 */
import { limits } from "../base/limits.ts";

export type Decay = { readonly epochDay: number; readonly halfLifeDays: number };

/** Day 20454 is 2026-01-01. A store keeps the decay it was made with. */
export const decayOfNewStores: Decay = { epochDay: 20_454, halfLifeDays: limits.historyHalfLifeDays };

/** What one event of that day adds to a stored count. */
export function weightOf(day: number, { epochDay, halfLifeDays }: Decay): number {
  return 2 ** ((day - epochDay) / halfLifeDays);
}

export function dayOf(milliseconds: number): number {
  return Math.floor(milliseconds / 86_400_000);
}
