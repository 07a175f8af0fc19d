/** Mail logs into the store, line by line: what went out in the first pass, what came in in the second. */
import { statSync } from "node:fs";
import { joinLog, type Logged } from "../../gateway/learn/log-transactions.ts";
import { readLogged } from "../../gateway/learn/logged-message.ts";
import { readLogLine } from "../../gateway/learn/mail-log.ts";
import { syslogDay } from "../../gateway/learn/received-day.ts";
import { dayOf } from "../../memory/decay.ts";
import type { LearnContext, Pass } from "./learn-context.ts";
import { logLines } from "./learn-files.ts";
import { learnArrival, learnSent } from "./learn-mail.ts";

/** `paths` in the order in which they were written: a message may begin in one and end in the next. */
export async function learnLogs(paths: readonly string[], pass: Pass, context: LearnContext): Promise<void> {
  const join = joinLog();
  let referenceDay = 0;
  for (const path of paths) {
    referenceDay = dayOf(statSync(path).mtimeMs);
    for await (const line of logLines(path)) {
      if (typeof line !== "string") {
        if (pass === "received") await context.report(line);
        continue;
      }
      const event = readLogLine(line);
      const logged = event === null ? null : join.push(event);
      if (logged === null) continue;
      await learnLogged(logged, { pass, referenceDay }, context);
      await context.advance();
    }
  }
  for (const logged of join.finish()) await learnLogged(logged, { pass, referenceDay }, context);
}

async function learnLogged(
  logged: Logged,
  { pass, referenceDay }: { pass: Pass; referenceDay: number },
  context: LearnContext,
): Promise<void> {
  const read = readLogged(logged, syslogDay(logged.stamp, referenceDay), context);
  if (typeof read === "string") {
    if (pass === "received") context.totals.untaught(read);
  } else if (read.kind === "sent") {
    if (pass === "sent") await learnSent(read.lesson, context);
  } else if (pass === "received") await learnArrival(read.arrival, context);
}
