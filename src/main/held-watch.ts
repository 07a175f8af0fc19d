/** Looks now and then at what the mail server holds for us (milter.hold), and raises an alarm where it is too much or too old. */
import type { Config } from "../config/schema.ts";
import type { Clock } from "../dns/resolver.ts";
import { type HeldQueue, postfixHeldQueue } from "../system/held-queue.ts";
import type { Log } from "../system/log.ts";
import type { Held } from "../system/metrics-state.ts";

export type HeldWatch = {
  readonly clock: Clock;
  readonly log: Log;
  readonly tell: (held: Held) => void;
  /** Default: Postfix's on this machine. */
  readonly queue?: HeldQueue;
};

const lookMs = 5 * 60_000;

/** Gives what ends it. `config`: what is in force now; where nothing is held nobody looks. */
export function watchHeld(
  config: () => Pick<Config, "milter">,
  { clock, log, tell, queue = postfixHeldQueue(null) }: HeldWatch,
): () => void {
  const look = async (): Promise<void> => {
    const { milter } = config();
    if (!milter.hold) return;
    try {
      const found = await queue.list();
      const now = clock();
      const oldestMs = found.reduce((most, { arrivedAt }) => Math.max(most, now - arrivedAt), 0);
      tell({ messages: found.length, oldestSeconds: Math.round(oldestMs / 1000) });
      const isTooMany = found.length > milter.hold_alarm_messages;
      const isTooOld = oldestMs > milter.hold_alarm_hours * 3_600_000;
      if (isTooMany || isTooOld)
        log.warn(
          { held: found.length, oldestSeconds: Math.round(oldestMs / 1000) },
          "mail is held and nobody releases it: assay held list",
        );
    } catch (error) {
      // Whatever it is: who watches does not end the service.
      log.warn({ err: error }, "the mail server's queue cannot be read from here: nobody watches what is held");
    }
  };
  void look();
  const timer = setInterval(() => void look(), lookMs);
  timer.unref();
  return () => clearInterval(timer);
}
