/**
 * What processes cost, as the kernel counts it (proc(5)): processor time of all their threads, and the memory that is theirs now. The
 * children of a process are found once, when it is ready: filters do not start more while they work.
 */
import { readdirSync, readFileSync } from "node:fs";

/** The process and all that it started, and those started. */
export function familyOf(pid: number): readonly number[] {
  const parents = readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      const parent = statOf(Number(name))?.[parentAt];
      return parent === undefined ? [] : [[Number(name), Number(parent)] as const];
    });
  const family = [pid];
  for (let i = 0; i < family.length; i++) family.push(...parents.filter(([, parent]) => parent === family[i]).map(([child]) => child));
  return family;
}

/** User and system time since they started, in seconds. */
export function cpuSecondsOf(pids: readonly number[]): number {
  const ticks = pids.map((pid) => {
    const stat = statOf(pid);
    return stat === null ? 0 : Number(stat[userTicksAt]) + Number(stat[systemTicksAt]);
  });
  return ticks.reduce((sum, one) => sum + one, 0) / ticksASecond;
}

/** Resident memory of all together; what they share counts as often as they have it. */
export function residentBytesOf(pids: readonly number[]): number {
  return pids.reduce((sum, pid) => sum + Number(statOf(pid)?.[residentPagesAt] ?? 0) * pageBytes, 0);
}

/** Looks at the memory again and again, until it is told to stop. */
export class MemoryWatch {
  private readonly pids: readonly number[];
  private readonly timer: NodeJS.Timeout;
  maxBytes = 0;

  constructor(pids: readonly number[], everyMs = 100) {
    this.pids = pids;
    this.timer = setInterval(() => this.look(), everyMs);
    this.look();
  }

  stop(): number {
    this.look();
    clearInterval(this.timer);
    return this.maxBytes;
  }

  private look(): void {
    this.maxBytes = Math.max(this.maxBytes, residentBytesOf(this.pids));
  }
}

/** USER_HZ and the page size of Linux on the machines that Node.js is built for. */
const [ticksASecond, pageBytes] = [100, 4096];
/** Places behind the name, which may hold anything but ends with the last bracket. */
const [parentAt, userTicksAt, systemTicksAt, residentPagesAt] = [1, 11, 12, 21];

/** Null: it has ended. */
function statOf(pid: number): readonly string[] | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  } catch {
    return null;
  }
}
