/**
 * Many messages over several connections at once, and for each what its client was told. A connection that is lost is opened again; a
 * message is sent once, whatever becomes of it: whoever counts afterwards knows what must be there.
 */
import { pause } from "./child.ts";
import { ConnectionLost, SmtpClient } from "./smtp-client.ts";

export type Told =
  /** 250 after the final dot: it is delivered, once. */
  | "accepted"
  /** A reply refused it, or the connection was lost before the final dot: it is not delivered. */
  | "refused"
  /** The connection was lost between the final dot and its reply (RFC 1047): the client cannot know. */
  | "nothing";

export type Sent = { readonly id: string; readonly told: Told; readonly reply: string; readonly at: number };

export type Load = {
  readonly port: number;
  readonly connections: number;
  /** Asked before each message, with how many were begun. */
  readonly more: (begun: number) => boolean;
  /** The n-th message: its id stands in it. */
  readonly message: (n: number) => { readonly id: string; readonly from: string; readonly to: string; readonly text: string };
  readonly helo?: string;
  readonly xclient?: string;
  /** Called after each message, with how many are done. */
  readonly onSent?: (done: number, sent: Sent) => void;
};

export async function sendLoad({ connections, more, ...load }: Load): Promise<readonly Sent[]> {
  const done: Sent[] = [];
  let next = 0;
  const sender = async () => {
    let client: SmtpClient | null = null;
    while (more(next)) {
      const n = next++;
      const opened: SmtpClient | null = client ?? (await open(load));
      client = opened;
      const { id, from, to, text } = load.message(n);
      const outcome = await convey(opened, { from, to, text });
      if (outcome.isLost) {
        client?.socket.destroy();
        client = null;
      }
      const sent = { id, told: outcome.told, reply: outcome.reply, at: Date.now() };
      done.push(sent);
      load.onSent?.(done.length, sent);
    }
    await client?.quit();
  };
  await Promise.all(Array.from({ length: connections }, sender));
  return done;
}

/** Null: the server cannot be reached now, or does not greet. */
async function open({ port, helo = "client.example", xclient }: Omit<Load, "connections" | "more">): Promise<SmtpClient | null> {
  let client: SmtpClient | null = null;
  try {
    client = await SmtpClient.open(port);
    const { code } = await client.greet(helo, xclient);
    if (code === 250) return client;
  } catch (error) {
    if (!(error instanceof ConnectionLost)) throw error;
  }
  client?.socket.destroy();
  // A client that finds nobody comes again a little later.
  await pause(50);
  return null;
}

type Outcome = { readonly told: Told; readonly reply: string; readonly isLost: boolean };

async function convey(
  client: SmtpClient | null,
  { from, to, text }: { readonly from: string; readonly to: string; readonly text: string },
): Promise<Outcome> {
  if (client === null) return { told: "refused", reply: "no connection", isLost: true };
  let isDotSent = false;
  try {
    const { mail, rcpt, data, end } = await client.convey({ from, to: [to] }, text, () => {
      isDotSent = true;
    });
    const last = end ?? data ?? rcpt[0] ?? mail;
    // After a temporary failure a client leaves and comes again: Postfix keeps to it for as long as the session lasts.
    return { told: end?.code === 250 ? "accepted" : "refused", reply: last.text, isLost: last.code < 500 && last.code >= 400 };
  } catch (error) {
    if (!(error instanceof ConnectionLost)) throw error;
    return { told: isDotSent ? "nothing" : "refused", reply: "connection lost", isLost: true };
  }
}
