/**
 * Messages straight to the filters, without a mail server: so many connections at once, each message with the packets that Postfix sends.
 * Where there are two filters, the second one gets the message with what the first one has put on top. Every verdict is kept.
 */
import type { LoadMessage, Visit } from "./mail.ts";
import { type Field, MilterConnection, type Packets, packetsOf } from "./milter-client.ts";

export type Judged = { readonly message: LoadMessage; readonly letter: string; readonly fields: readonly Field[] };

export type DirectVisit = Visit & { readonly packets: readonly Packets[] };

/** Made before the clock runs. */
export function directVisits(visits: readonly Visit[]): readonly DirectVisit[] {
  return visits.map((visit) => ({ ...visit, packets: visit.messages.map(({ bytes }) => packetsOf(bytes)) }));
}

export type Direct = { readonly seconds: number; readonly endMs: readonly number[]; readonly judged: readonly Judged[] };

export async function sendDirect(ports: readonly number[], visits: readonly DirectVisit[], connections: number): Promise<Direct> {
  const endMs: number[] = [];
  const judged: Judged[] = [];
  let next = 0;
  const sender = async () => {
    for (let visit = visits[next++]; visit !== undefined; visit = visits[next++]) await pay(visit);
  };
  const pay = async ({ ip, helo, messages, packets }: DirectVisit) => {
    const filters = await Promise.all(ports.map((port) => MilterConnection.open(port)));
    for (const filter of filters) await filter.greet(ip, helo);
    for (const [i, message] of messages.entries()) {
      const one = packets[i];
      if (one === undefined) continue;
      for (const filter of filters) await filter.envelope(message.mailFrom, message.rcptTo);
      const startedAt = performance.now();
      const fields: Field[] = [];
      let letter = "";
      for (const filter of filters) {
        const verdict = await filter.convey(one, fields);
        letter += verdict.letter;
        fields.unshift(...verdict.inserted);
      }
      endMs.push(performance.now() - startedAt);
      judged.push({ message, letter, fields });
    }
    for (const filter of filters) filter.close();
  };
  const startedAt = performance.now();
  await Promise.all(Array.from({ length: connections }, sender));
  return { seconds: (performance.now() - startedAt) / 1000, endMs, judged };
}
