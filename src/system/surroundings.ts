/** What the machine around us gives: time, chance, and its name. The only place where they are read for the library. */
import { hostname } from "node:os";

/** Milliseconds since 1970. */
export const systemClock = (): number => Date.now();

/** A number from 0 up to 1: for names of things, never for secrets. */
export const systemRandom = (): number => Math.random();

let name: string | null = null;

/** The host's name, asked once. */
export function hostName(): string {
  name ??= hostname() || "localhost";
  return name;
}
