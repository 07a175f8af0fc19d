/** What the machine around us gives: time, chance, and its names. The only place where they are read for the library. */
import { hostname, userInfo } from "node:os";

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

/** Who is at work: the login, also behind sudo, for what is written down with its author. */
export function userName(): string {
  const { SUDO_USER: behind, USER: told } = process.env;
  try {
    const { uid, username } = userInfo();
    return uid === 0 && behind ? behind : username;
  } catch {
    // A user without an account, as in a container.
    return told ?? "unknown";
  }
}
