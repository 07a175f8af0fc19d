/**
 * Messages through Debian's Postfix, its queue in memory, one instance for each contestant with nothing but smtpd_milters between them.
 * What is accepted is thrown away by Postfix's own discard transport, but for the messages that are kept to be looked at.
 */
import { parted } from "../../test/integration/mta/maildir.ts";
import { type Postfix, startPostfix } from "../../test/integration/mta/postfix.ts";
import { SmtpClient } from "../../test/integration/mta/smtp-client.ts";
import { type LoadMessage, recipientDomains, type Visit } from "./mail.ts";
import type { Field } from "./milter-client.ts";

export function startLoadPostfix(ports: readonly number[]): Promise<Postfix> {
  return startPostfix({
    ...(ports.length === 0 ? {} : { milter: ports.map((port) => `inet:127.0.0.1:${port}`).join(", ") }),
    domains: Object.values(recipientDomains),
    settings: {
      transport_maps: `inline:{ ${recipientDomains.discarded}=discard: }`,
      // A client is not slowed down because deliveries are behind.
      in_flow_delay: "0",
    },
  });
}

export type Through = { readonly seconds: number; readonly endMs: readonly number[]; readonly refused: readonly string[] };

/** Each visit over a connection of its own, whose address is the client's (XCLIENT). */
export async function sendThroughPostfix(port: number, visits: readonly Visit[], connections: number): Promise<Through> {
  const endMs: number[] = [];
  const refused: string[] = [];
  let next = 0;
  const sender = async () => {
    for (let visit = visits[next++]; visit !== undefined; visit = visits[next++]) await pay(visit);
  };
  const pay = async ({ ip, helo, messages }: Visit) => {
    const client = await SmtpClient.open(port);
    await client.greet(helo, `ADDR=${ip}`);
    for (const message of messages) {
      const reply = await send(client, message, endMs);
      if (reply !== null) refused.push(`${message.id}: ${reply}`);
    }
    await client.quit();
  };
  const startedAt = performance.now();
  await Promise.all(Array.from({ length: connections }, sender));
  return { seconds: (performance.now() - startedAt) / 1000, endMs, refused };
}

/** What refused it; null: it was accepted. */
async function send(client: SmtpClient, { bytes, mailFrom, rcptTo }: LoadMessage, endMs: number[]): Promise<string | null> {
  for (const [command, code] of [
    [`MAIL FROM:<${mailFrom}>`, 250],
    [`RCPT TO:<${rcptTo}>`, 250],
    ["DATA", 354],
  ] as const) {
    const reply = await client.send(command);
    if (reply.code !== code) return reply.text;
  }
  await client.write(bytes);
  const startedAt = performance.now();
  const reply = await client.send(".");
  endMs.push(performance.now() - startedAt);
  return reply.code === 250 ? null : reply.text;
}

/** The header fields of the messages that were kept, by Message-ID. */
export function keptBy(postfix: Postfix): ReadonlyMap<string, readonly (readonly Field[])[]> {
  const kept = new Map<string, (readonly Field[])[]>();
  for (const message of postfix.delivered()) {
    const fields = parted(message).fields.map((field): Field => {
      const colon = field.indexOf(":");
      return [field.slice(0, colon), field.slice(colon + 1)];
    });
    const id = fields.find(([name]) => name.toLowerCase() === "message-id")?.[1].trim() ?? "";
    kept.set(id, [...(kept.get(id) ?? []), fields]);
  }
  return kept;
}

/** Deliveries in Postfix's log. */
export function deliveriesIn(log: string): number {
  return log.match(/ status=sent /g)?.length ?? 0;
}
