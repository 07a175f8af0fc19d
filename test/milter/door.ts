/** A milter door for tests: on a port of the system's choice, before a service of the test's, or the real one over a zone. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadConfig } from "../../src/config/load.ts";
import type { Resolver } from "../../src/dns/resolver.ts";
import { type MilterOptions, openMilterDoor } from "../../src/doors/milter/milter.ts";
import { openService } from "../../src/gateway/dialogue/dialogue.ts";
import type { Door, DoorMeans, ListenAt, Listening } from "../../src/gateway/dialogue/door.ts";
import type { Client, Dialogue, Disposition, Observed, Service, SmtpReply } from "../../src/gateway/dialogue/journey.ts";
import { judgePolicyOf } from "../../src/gateway/judge-policy.ts";
import { type Zone, zoneResolver } from "../../src/system/zone-resolver.ts";
import { accepted, plainDialogue, serviceOf } from "../plain-dialogue.ts";

export type OpenDoor = {
  readonly door: Door;
  readonly faults: unknown[];
  readonly connections: string[];
};

/** Closed when the test ends. */
export async function openedDoor(
  t: { readonly after: (done: () => Promise<void>) => void },
  service: Service,
  options: Partial<MilterOptions> = {},
): Promise<OpenDoor> {
  const faults: unknown[] = [];
  const connections: string[] = [];
  const means: DoorMeans = {
    service,
    listen,
    onFault: (error) => faults.push(error),
    onConnection: (event) => connections.push(event),
  };
  const habits = () => ({ outboundDaemons: [], hold: false });
  const at: ListenAt = { kind: "inet", host: "127.0.0.1", port: 0 };
  const door = await openMilterDoor({ at, listener: "inbound", connectionsMax: 100, habits, ...options }, means);
  t.after(() => door.close(0));
  return { door, faults, connections };
}

async function listen(server: Listening, at: ListenAt): Promise<string> {
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.once("listening", () => resolve());
    server.listen(at.kind === "inet" ? { host: at.host, port: at.port } : { path: at.path });
  });
  const address = server.address();
  return typeof address === "object" && address !== null ? `inet:${address.address}:${address.port}` : `unix:${address}`;
}

/** A folder that goes when the test ends. */
export async function folder(t: { readonly after: (done: () => Promise<void>) => void }): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), "assay-milter-"));
  t.after(() => rm(path, { recursive: true, force: true }));
  return path;
}

export type Said = {
  readonly client: Client;
  mailFrom: string | null;
  readonly rcptTo: string[];
  readonly dropped: string[];
  message: Buffer | null;
  queueId: string | null;
  /** The stream failed: what it failed with. */
  failure: Error | null;
};

export type Answers = {
  readonly mail?: (said: Said) => Promise<SmtpReply | null> | SmtpReply | null;
  readonly rcpt?: (recipient: string) => Promise<SmtpReply | null> | SmtpReply | null;
  /** Once the message is whole. */
  readonly data?: (said: Said) => Promise<Disposition> | Disposition;
  /** Nothing is refused there: where a server gains by it, it waits for no answer. */
  readonly isSilentAtMail?: boolean;
  readonly isSilentAtRcpt?: boolean;
};

/** A service that keeps what it is told, and answers as the test says. */
export function recordingService(answers: Answers = {}): { readonly service: Service; readonly said: Said[] } {
  const said: Said[] = [];
  const open = (client: Client): Dialogue => {
    const one: Said = { client, mailFrom: null, rcptTo: [], dropped: [], message: null, queueId: null, failure: null };
    said.push(one);
    return plainDialogue({
      mail: async (mailFrom) => {
        one.mailFrom = mailFrom;
        return (await answers.mail?.(one)) ?? null;
      },
      begin: (mailFrom) => {
        one.mailFrom = mailFrom;
      },
      rcpt: async (recipient) => {
        one.rcptTo.push(recipient);
        return (await answers.rcpt?.(recipient)) ?? null;
      },
      note: (recipient) => one.rcptTo.push(recipient),
      drop: (recipient) => one.dropped.push(recipient),
      data: async (message, about) => {
        one.queueId = about?.queueId ?? null;
        try {
          const chunks: Uint8Array[] = [];
          if (message instanceof Uint8Array) chunks.push(message);
          else for await (const chunk of message) chunks.push(Buffer.from(chunk));
          one.message = Buffer.concat(chunks);
        } catch (error) {
          one.failure = error instanceof Error ? error : new Error(String(error));
          return { kind: "gone" };
        }
        return (await answers.data?.(one)) ?? accepted;
      },
    });
  };
  return {
    service: serviceOf(open, { mayRefuse: { mail: answers.isSilentAtMail !== true, rcpt: answers.isSilentAtRcpt !== true } }),
    said,
  };
}

/** The real dialogue over a zone. */
export function zoneService(
  zone: Zone,
  { toml = "", delayMs = 0 }: { readonly toml?: string; readonly delayMs?: number } = {},
): { readonly service: Service; readonly decisions: Observed[]; readonly faults: unknown[] } {
  const loaded = loadConfig(Buffer.from(toml));
  if (!loaded.ok) throw new Error(JSON.stringify(loaded));
  const { config } = loaded;
  const decisions: Observed[] = [];
  const faults: unknown[] = [];
  const resolver: Resolver = zoneResolver(zone, { delayMs });
  const service = openService({
    resolver,
    clock: Date.now,
    random: Math.random,
    memory: null,
    rules: () => ({
      policy: judgePolicyOf(config),
      policyVersion: null,
      authservId: "mx.us.example",
      journal: undefined,
      deferralsMax: 3,
      messagesMax: 500,
    }),
    observer: { onAnswer: () => {}, onDecision: (decision) => decisions.push(decision), onFault: (error) => faults.push(error) },
  });
  return { service, decisions, faults };
}
