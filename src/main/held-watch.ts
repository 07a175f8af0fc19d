/** Looks now and then at what the mail server holds for us (milter.hold), and raises an alarm where it is too much or too old. */
import type { Config } from "../config/schema.ts";
import type { Clock } from "../dns/resolver.ts";
import { HeldQueueFault, postfixHeldQueue } from "../system/held-queue.ts";
import type { Log } from "../system/log.ts";
import type { Held } from "../system/metrics-state.ts";

export type HeldWatch = { readonly clock: Clock; readonly log: Log; readonly tell: (held: Held) => void };

const lookMs = 5 * 60_000;

/** Gives what ends it; null where nothing is held. */
export function watchHeld({ milter }: Config, { clock, log, tell }: HeldWatch): (() => void) | null {
  if (!milter.hold) return null;
  const queue = postfixHeldQueue(null);
  const look = async (): Promise<void> => {
    try {
      const found = await queue.list();
      const oldestMs = Math.max(0, ...found.map(({ arrivedAt }) => clock() - arrivedAt));
      tell({ messages: found.length, oldestSeconds: Math.round(oldestMs / 1000) });
      const isTooMany = found.length > milter.hold_alarm_messages;
      const isTooOld = oldestMs > milter.hold_alarm_hours * 3_600_000;
      if (isTooMany || isTooOld)
        log.warn(
          { held: found.length, oldestSeconds: Math.round(oldestMs / 1000) },
          "mail is held and nobody releases it: assay held list",
        );
    } catch (error) {
      if (!(error instanceof HeldQueueFault)) throw error;
      log.warn({ why: error.message }, "the mail server's queue cannot be read from here: nobody watches what is held");
    }
  };
  void look();
  const timer = setInterval(() => void look(), lookMs);
  timer.unref();
  return () => clearInterval(timer);
}
