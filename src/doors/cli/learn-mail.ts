/** Stored messages into the store, one after the other: what went out in the first pass, what came in in the second. */

import type { Arrival } from "../../gateway/learn/arrival.ts";
import { lessonOfArrival, questionOf } from "../../gateway/learn/arrival.ts";
import { readSentMessage, type SentLesson } from "../../gateway/learn/sent-message.ts";
import { readStoredMessage } from "../../gateway/learn/stored-message.ts";
import type { LearnContext, Pass } from "./learn-context.ts";
import { type Operand, storedItems } from "./learn-files.ts";
import { readStoredHeader, type StoredHeader } from "./learn-header.ts";

export async function learnMail(operand: Operand, pass: Pass, context: LearnContext): Promise<void> {
  for await (const { item, use } of storedItems(operand)) {
    if (use === pass || (pass === "received" && use === "passed-over")) await context.advance();
    if (item.kind === "trouble") {
      if (pass === (operand.isSent ? "sent" : "received")) await context.report(item);
    } else if (use === "passed-over") {
      if (pass === "received") context.totals.untaught("passed-over");
    } else if (use === pass) {
      const stored = await readStoredHeader(item);
      if ("kind" in stored) await context.report(stored);
      else await learnHeader(stored, pass, context);
    }
  }
}

async function learnHeader({ header, day }: StoredHeader, pass: Pass, context: LearnContext): Promise<void> {
  const { ours, policy, recipients } = context;
  if (pass === "sent") {
    const sent = readSentMessage(header, day, ours);
    if (typeof sent === "string") context.totals.untaught(sent);
    else await learnSent(sent, context);
    return;
  }
  const arrival = readStoredMessage(header, { ours, policy, recipients });
  if (typeof arrival === "string") context.totals.untaught(arrival);
  else await learnArrival(arrival, context);
}

export async function learnSent({ id, sent }: SentLesson, context: LearnContext): Promise<void> {
  if (!(await isDue(id, sent.day, context))) return;
  await context.store.learn({ id, day: sent.day, sent });
  context.totals.learnt("sent");
}

export async function learnArrival(arrival: Arrival, context: LearnContext): Promise<void> {
  const { store, policy, totals } = context;
  if (!(await isDue(arrival.id, arrival.day, context))) return;
  const lesson = lessonOfArrival(arrival, await store.history(questionOf(arrival, policy)), policy);
  if (lesson === null) {
    totals.untaught("nothing");
    return;
  }
  await store.learn({ id: arrival.id, day: arrival.day, lesson });
  totals.learnt(lesson.kind);
}

async function isDue(id: string, day: number, { store, totals, days }: LearnContext): Promise<boolean> {
  const why = day < days.first ? "older" : day > days.last ? "future" : (await store.isLearnt(id)) ? "known" : null;
  if (why !== null) totals.untaught(why);
  return why === null;
}
