/**
 * How many questions may have sockets open at once. More wait in line, for as long as a question may take; a line that is full turns
 * them away. Whoever is let in says when it is done.
 */
export interface Gate {
  /** True: go on, and call `leave` when done. False: time or the line ran out, or nobody waits for the answer any more. */
  enter(waitMs: number, signal: AbortSignal): Promise<boolean>;
  leave(): void;
}

export function gate({ insideMax, waitingMax }: { insideMax: number; waitingMax: number }): Gate {
  let inside = 0;
  // A Set keeps the order of arrival, and lets one step out of the line.
  const line = new Set<(mayEnter: boolean) => void>();
  function enter(waitMs: number, signal: AbortSignal): Promise<boolean> {
    if (signal.aborted || (inside >= insideMax && line.size >= waitingMax)) return Promise.resolve(false);
    if (inside < insideMax) {
      inside += 1;
      return Promise.resolve(true);
    }
    return new Promise((resolve) => {
      const settle = (mayEnter: boolean) => {
        line.delete(settle);
        clearTimeout(timer);
        signal.removeEventListener("abort", giveUp);
        resolve(mayEnter);
      };
      const giveUp = () => settle(false);
      const timer = setTimeout(giveUp, waitMs);
      signal.addEventListener("abort", giveUp, { once: true });
      line.add(settle);
    });
  }
  function leave(): void {
    const [first] = line;
    // The place passes to the first in line, if there is one.
    if (first === undefined) inside -= 1;
    else first(true);
  }
  return { enter, leave };
}
