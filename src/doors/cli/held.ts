/**
 * `assay held list` and `assay held release`: what waits in the mail server's queue because it was to be quarantined (milter.hold). The list
 * shows why, where the store's journal still knows. Exit status of list: 0, or 1 where more waits, or longer, than milter.hold_alarm_* say.
 */
import { limits } from "../../base/limits.ts";
import type { MemoryUrl } from "../../config/values.ts";
import type { ExitStatus } from "./exit-status.ts";
import { type HeldMail, type Ports, UsageError } from "./ports.ts";
import { shown } from "./shown.ts";

export type HeldOptions = { readonly config?: string; readonly postfixConfig?: string; readonly json?: boolean; readonly all?: boolean };

export async function heldList(options: HeldOptions, ports: Ports): Promise<ExitStatus> {
  const settings = options.config === undefined ? null : await ports.loadSettings(options.config);
  const held = await ports.openHeld(options.postfixConfig ?? null).list();
  const why = await reasons(held, settings?.memory ?? null, ports);
  const now = ports.clock();
  const alarm = settings?.holdAlarm ?? usualAlarm;
  const oldestMs = held.reduce((most, { arrivedAt }) => Math.max(most, now - arrivedAt), 0);
  for (const message of held) await ports.out.write(options.json ? jsonLine(message, why) : textLine(message, why, now));
  const alarms = [
    ...(held.length > alarm.messages ? [`${held.length} messages are held, more than ${alarm.messages}`] : []),
    ...(oldestMs > alarm.ms ? [`the oldest waits for ${age(oldestMs)}, longer than ${age(alarm.ms)}`] : []),
  ];
  if (held.length === 0 && !options.json) await ports.out.write("Nothing is held.\n");
  for (const text of alarms) await ports.err.write(`assay: ${text}: release them (assay held release), or delete them (postsuper -d)\n`);
  return alarms.length > 0 ? 1 : 0;
}

export async function heldRelease(ids: readonly string[], options: HeldOptions, ports: Ports): Promise<ExitStatus> {
  if ((ids.length === 0) !== (options.all === true))
    throw new UsageError("name the queue ids to release, as assay held list shows them, or --all");
  const wrong = ids.find((id) => !/^[0-9A-Za-z]{4,30}$/.test(id));
  if (wrong !== undefined) throw new UsageError(`“${shown(wrong)}” is no queue id`);
  const queue = ports.openHeld(options.postfixConfig ?? null);
  const wanted = options.all === true ? (await queue.list()).map(({ queueId }) => queueId) : ids;
  const released = await queue.release(wanted);
  await ports.out.write(`${released} of ${wanted.length} released\n`);
  return released === wanted.length ? 0 : 2;
}

const usualAlarm = { messages: 100, ms: 24 * 3_600_000 } as const;

/** By queue id, what the journal says of the message. */
async function reasons(held: readonly HeldMail[], url: MemoryUrl | null, ports: Ports): Promise<ReadonlyMap<string, string>> {
  const found = new Map<string, string>();
  if (url === null || held.length === 0) return found;
  const ids = new Set(held.map(({ queueId }) => queueId));
  const journal = await ports.openJournal(url, "read");
  try {
    const since = held.reduce((first, { arrivedAt }) => Math.min(first, arrivedAt), Number.MAX_SAFE_INTEGER) - limits.heldClockMs;
    for await (const record of journal.read({ since, answers: "left-out" })) {
      if ("unreadable" in record) continue;
      const { transaction, from, verdict } = record.inspection;
      if (transaction.queueId !== null && ids.has(transaction.queueId))
        found.set(transaction.queueId, `${verdict.compauth} ${verdict.reason}  ${from.address ?? from.domain ?? "no From"}`);
    }
  } finally {
    await journal.close();
  }
  return found;
}

function textLine({ queueId, arrivedAt, bytes, sender, recipients }: HeldMail, why: ReadonlyMap<string, string>, now: number): string {
  const more = recipients.length > 1 ? ` and ${recipients.length - 1} more` : "";
  return `${queueId.padEnd(12)} ${age(now - arrivedAt).padStart(7)} ${String(bytes).padStart(9)} B  ${shown(`<${sender}>`)} → ${shown(recipients[0] ?? "")}${more}\n${
    why.has(queueId) ? `             ${shown(why.get(queueId) ?? "")}\n` : ""
  }`;
}

function jsonLine(message: HeldMail, why: ReadonlyMap<string, string>): string {
  return `${JSON.stringify({ ...message, why: why.get(message.queueId) ?? null })}\n`;
}

function age(ms: number): string {
  const minutes = Math.floor(ms / 60_000);
  if (minutes < 120) return `${minutes} min`;
  return minutes < 2880 ? `${Math.floor(minutes / 60)} h` : `${Math.floor(minutes / 1440)} d`;
}
