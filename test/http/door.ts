/** An HTTP door on loopback with a zone for DNS, for tests: real sockets, the real journey, a store in memory where one is asked for. */
import assert from "node:assert/strict";
import { connect, type Socket } from "node:net";
import { loadConfig } from "../../src/config/load.ts";
import type { Resolver } from "../../src/dns/resolver.ts";
import { type HttpDoorMeans, type HttpHabits, openHttpDoor } from "../../src/doors/http/http-door.ts";
import { openService } from "../../src/gateway/dialogue/dialogue.ts";
import type { Door, ListenAt } from "../../src/gateway/dialogue/door.ts";
import type { Observed, Service } from "../../src/gateway/dialogue/journey.ts";
import { judgePolicyOf } from "../../src/gateway/judge-policy.ts";
import { listenAt } from "../../src/system/listening.ts";
import { parseZone, zoneResolver } from "../../src/system/zone-resolver.ts";

const zoneText = `
good.example: [{ TXT: "v=spf1 ip4:192.0.2.1 ip6:2001:db8::1 -all" }, { MX: [10, mx.good.example] }]
_dmarc.good.example: [{ TXT: "v=DMARC1; p=reject" }]
mx.good.example: [{ A: 192.0.2.1 }]
1.2.0.192.in-addr.arpa: [{ PTR: mx.good.example }]
noreply.example: [{ MX: [0, "."] }]
broken.example: [TIMEOUT]
_dmarc.broken.example: [TIMEOUT]
`;

export const letter =
  "From: Ada <ada@good.example>\r\nTo: bob@us.example\r\nMessage-ID: <1@good.example>\r\nSubject: hello\r\n\r\nText.\r\n";
export const envelope = "ip=192.0.2.1&helo=mx.good.example&mail_from=ada@good.example&rcpt_to=bob@us.example";

export type Running = {
  readonly door: Door;
  readonly url: string;
  readonly port: number;
  readonly decisions: readonly Observed[];
  readonly faults: readonly unknown[];
  readonly events: readonly string[];
};

export type Opening = {
  readonly toml?: string;
  readonly habits?: Partial<HttpHabits>;
  readonly at?: ListenAt;
  readonly connectionsMax?: number;
  readonly resolver?: Resolver;
  readonly service?: Service;
  readonly means?: Partial<HttpDoorMeans>;
};

export async function openDoor({
  toml = "",
  habits = {},
  connectionsMax = 100,
  resolver,
  service,
  means,
  at,
}: Opening = {}): Promise<Running> {
  const decisions: Observed[] = [];
  const faults: unknown[] = [];
  const events: string[] = [];
  const door = await openHttpDoor(
    {
      at: at ?? { kind: "inet", host: "127.0.0.1", port: 0 },
      habits: () => ({ tokens: [], messageBytesMax: 1024 * 1024, ...habits }),
      version: "0.0.0",
      connectionsMax,
    },
    {
      service: service ?? serviceOf(toml, resolver ?? zone(), decisions, faults),
      listen: listenAt,
      onFault: (error) => faults.push(error),
      onConnection: (event) => events.push(event),
      metrics: () => Promise.resolve("assay_build_info 1\n"),
      ready: () => Promise.resolve([{ name: "dns", ok: true, why: null }]),
      clock: () => 1_800_000_000_000,
      ...means,
    },
  );
  const port = Number(/:([0-9]+)$/.exec(door.place)?.[1]);
  return { door, url: `http://127.0.0.1:${port}`, port, decisions, faults, events };
}

/** Opens a door, hands it over, and closes it. */
export async function withDoor(opening: Opening, run: (running: Running) => Promise<void>): Promise<void> {
  const running = await openDoor(opening);
  try {
    await run(running);
  } finally {
    await running.door.close(0);
  }
}

export function zone(): Resolver {
  const parsed = parseZone(zoneText);
  assert.ok(parsed.ok);
  return zoneResolver(parsed.zone);
}

function serviceOf(toml: string, resolver: Resolver, decisions: Observed[], faults: unknown[]): Service {
  const loaded = loadConfig(Buffer.from(toml));
  assert.ok(loaded.ok, JSON.stringify(loaded));
  const { config } = loaded;
  const rules = {
    policy: judgePolicyOf(config),
    policyVersion: "v",
    authservId: "mx.us.example",
    journal: undefined,
    deferralsMax: config.serve.deferrals_max,
    messagesMax: config.serve.messages_max,
  };
  const observer = {
    onAnswer: () => {},
    onDecision: (decision: Observed) => void decisions.push(decision),
    onFault: (error: unknown) => void faults.push(error),
  };
  return openService({ resolver, clock: () => 1_800_000_000_000, random: () => 0.5, memory: null, rules: () => rules, observer });
}

export function post(url: string, body: string, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(url, { method: "POST", headers: { "Content-Type": "message/rfc822", ...headers }, body });
}

/** The code of an error answer. */
export async function codeOf(response: Response): Promise<string> {
  const body = (await response.json()) as { error?: { code?: string; message?: string } };
  assert.ok((body.error?.message ?? "").length > 10, JSON.stringify(body));
  return body.error?.code ?? "";
}

/** Bytes as they are, and what came back until the connection ended. */
export function raw(port: number, text: string | Uint8Array, { waitMs = 10_000 } = {}): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket: Socket = connect(port, "127.0.0.1");
    const chunks: Buffer[] = [];
    const late = setTimeout(() => socket.destroy(new Error(`no end after ${waitMs} ms: ${Buffer.concat(chunks)}`)), waitMs);
    socket.on("data", (chunk: Buffer) => chunks.push(chunk));
    socket.on("error", (error: NodeJS.ErrnoException) => {
      if (error.code === "ECONNRESET" || error.code === "EPIPE") return;
      clearTimeout(late);
      reject(error);
    });
    socket.on("close", () => {
      clearTimeout(late);
      resolve(Buffer.concat(chunks).toString("latin1"));
    });
    socket.write(text);
  });
}
