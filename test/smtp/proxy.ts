/** The door as the tests open it: on loopback, with a sink behind it, and a journey that says what the test tells it to. */
import { tmpdir } from "node:os";
import type { TestContext } from "node:test";
import type { Config } from "../../src/config/schema.ts";
import { configSchema } from "../../src/config/schema.ts";
import { openSmtpDoor, type SmtpDoorOptions } from "../../src/doors/smtp/smtp-door.ts";
import type { Door, DoorMeans } from "../../src/gateway/dialogue/door.ts";
import type { Client, Disposition, ReverseName, Service, SmtpReply } from "../../src/gateway/dialogue/journey.ts";
import { accepted, plainDialogue, serviceOf } from "../plain-dialogue.ts";
import { openSink, type Sink, type SinkScript } from "./sink.ts";
import { Speaker } from "./speaker.ts";

export type Says = {
  readonly mail?: (mailFrom: string) => SmtpReply | null;
  readonly rcpt?: (recipient: string) => SmtpReply | null;
  readonly reverseName?: () => ReverseName | Promise<ReverseName>;
  readonly data?: (message: Buffer) => Disposition | Promise<Disposition>;
  /** Reads nothing of the message before it decides. */
  readonly blind?: boolean;
  /** Keeps only the size of what it reads. */
  readonly counting?: boolean;
};

export type Told = {
  readonly clients: Client[];
  readonly mails: string[];
  readonly rcpts: string[];
  readonly drops: string[];
  readonly messages: Buffer[];
  /** Refused in the door's own words. */
  readonly refused: SmtpReply[];
  gone: number;
};

export type Open = {
  readonly door: Door;
  readonly sink: Sink;
  readonly told: Told;
  readonly faults: unknown[];
  readonly events: string[];
  readonly speak: (options?: { readonly localAddress?: string }) => Promise<Speaker>;
  /** Greeted, and EHLO said. */
  readonly greeted: () => Promise<Speaker>;
};

export function habitsOf(smtp: Partial<Config["smtp"]> = {}): Config["smtp"] {
  return { ...configSchema.parse({}).smtp, hostname: "mx.us.example", xclient_from: ["127.0.0.1"], ...smtp };
}

export type OpenOptions = {
  readonly sink?: SinkScript;
  readonly habits?: Partial<Config["smtp"]>;
  readonly says?: Says;
  readonly service?: Service;
  readonly door?: Partial<Omit<SmtpDoorOptions, "habits">>;
};

/** Closed with the test. */
export async function openProxy(
  t: TestContext,
  { sink: script = {}, habits = {}, says = {}, service, door: more = {} }: OpenOptions = {},
): Promise<Open> {
  const sink = await openSink(script);
  t.after(() => sink.close());
  const told: Told = { clients: [], mails: [], rcpts: [], drops: [], messages: [], refused: [], gone: 0 };
  const faults: unknown[] = [];
  const events: string[] = [];
  const speakers: Speaker[] = [];
  const endpoint =
    sink.path === null ? ({ kind: "inet", host: "127.0.0.1", port: sink.port } as const) : ({ kind: "unix", path: sink.path } as const);
  const options: SmtpDoorOptions = {
    at: { kind: "inet", host: "127.0.0.1", port: 0 },
    listener: "inbound",
    nextHop: { protocol: script.lmtp === true ? "lmtp" : "smtp", endpoint },
    connectionsMax: 100,
    ours: () => [],
    ...more,
    habits: () => habitsOf({ spool: tmpdir(), ...habits }),
  };
  const means: DoorMeans = {
    service: service ?? scripted(says, told),
    listen,
    onFault: (error) => faults.push(error),
    onConnection: (event) => events.push(event),
  };
  const door = await openSmtpDoor(options, means);
  t.after(async () => {
    for (const speaker of speakers) speaker.end();
    await door.close(0);
  });
  const speak = async (from: { readonly localAddress?: string } = {}): Promise<Speaker> => {
    const speaker = await Speaker.to(door.place, from);
    speakers.push(speaker);
    return speaker;
  };
  const greeted = async (): Promise<Speaker> => {
    const speaker = await speak();
    await speaker.reply();
    await speaker.say("EHLO client.example");
    return speaker;
  };
  return { door, sink, told, faults, events, speak, greeted };
}

export const listen: DoorMeans["listen"] = (server, at) =>
  new Promise((resolve, reject) => {
    server.once("error", (error) => reject(error));
    server.once("listening", () => {
      const address = server.address();
      resolve(typeof address === "object" && address !== null ? `inet:${address.address}:${address.port}` : `unix:${address}`);
    });
    server.listen(at.kind === "inet" ? { host: at.host, port: at.port } : { path: at.path });
  });

/** A journey that does as it is told. */
function scripted(says: Says, told: Told): Service {
  return serviceOf((client) => {
    told.clients.push(client);
    return plainDialogue({
      mail: async (mailFrom) => {
        told.mails.push(mailFrom);
        return says.mail?.(mailFrom) ?? null;
      },
      rcpt: async (recipient) => {
        told.rcpts.push(recipient);
        return says.rcpt?.(recipient) ?? null;
      },
      drop: (recipient) => told.drops.push(recipient),
      refusedByDoor: (reply) => told.refused.push(reply),
      reverseName: async () => (await says.reverseName?.()) ?? { kind: "none" },
      data: async (message) => {
        if (says.blind === true) return (await says.data?.(Buffer.alloc(0))) ?? accepted;
        const chunks: Uint8Array[] = [];
        try {
          if (message instanceof Uint8Array) chunks.push(message);
          else for await (const chunk of message) if (says.counting !== true) chunks.push(Buffer.from(chunk));
        } catch {
          told.gone++;
          return { kind: "gone" };
        }
        const whole = Buffer.concat(chunks);
        told.messages.push(whole);
        return (await says.data?.(whole)) ?? accepted;
      },
    });
  });
}

export const letter = "From: ada@good.example\r\nSubject: hello\r\n\r\nline one\r\nline two\r\n";

/** MAIL, RCPT, DATA and the message; gives the last answer. */
export async function send(speaker: Speaker, message = letter, rcpt = "bob@us.example"): Promise<string> {
  for (const line of ["MAIL FROM:<ada@good.example>", `RCPT TO:<${rcpt}>`, "DATA"]) {
    const { code, text } = await speaker.say(line);
    if (code >= 400 || code <= 0) return `${code} ${text}`;
  }
  speaker.write(message.replace(/(^|\r\n)\./g, "$1.."));
  return speaker.line(".");
}
