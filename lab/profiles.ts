/**
 * Which domains have an established profile, by what is true and not by what a model thinks: their legitimate mail has authenticated
 * often enough, on enough days, in the time just past.
 */
import type { Inbound } from "./message.ts";
import { establishedProfile } from "./mix.ts";

type Day = { readonly day: number; messages: number };

export class Profiles {
  readonly #days = new Map<string, Day[]>();

  /** Notes one legitimate message. */
  note({ truth, day, from, evidence }: Inbound): void {
    const { result } = evidence.dmarc;
    if (truth.word !== "legitimate" || from.domain === null || (result !== "pass" && result !== "bestguesspass")) return;
    const days = this.#days.get(from.domain) ?? [];
    const last = days.at(-1);
    if (last?.day === day) last.messages += 1;
    else days.push({ day, messages: 1 });
    while ((days[0]?.day ?? day) < day - establishedProfile.withinDays) days.shift();
    this.#days.set(from.domain, days);
  }

  isEstablished(domain: string | null, day: number): boolean {
    const recent = (domain === null ? [] : (this.#days.get(domain) ?? [])).filter(
      (each) => each.day >= day - establishedProfile.withinDays,
    );
    if (recent.length < establishedProfile.days) return false;
    return recent.reduce((sum, { messages }) => sum + messages, 0) >= establishedProfile.messages;
  }
}
