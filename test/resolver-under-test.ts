/** What the tests of the stub resolver share: a resolver before servers of the test's own, all closed at the end of the test. */
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { after } from "node:test";
import type { Answer as WireAnswer } from "dns-packet";
import { type DnsResolverOptions, dnsResolver, type SentQuery } from "../src/system/resolver.ts";
import { type Asked, type DnsServer, dnsServer, type Reply } from "./dns-server.ts";

const open: (() => unknown)[] = [];
after(async () => {
  for (const close of open) await close();
});

/** Called when the test file has ended. */
export function closeAtEnd(...closes: (() => unknown)[]): void {
  open.push(...closes);
}

export type Setup = { server: DnsServer; sent: SentQuery[]; query: ReturnType<typeof dnsResolver>["query"]; close: () => void };

/** A resolver before one server that answers as given. */
export async function against(respond: (asked: Asked) => void, options: DnsResolverOptions = {}): Promise<Setup> {
  const server = await serverThat(respond);
  return { server, ...resolver([server.address], options) };
}

export async function serverThat(respond: (asked: Asked) => void): Promise<DnsServer> {
  const server = await dnsServer(respond);
  closeAtEnd(server.close);
  return server;
}

/** A resolver before servers that are there; `sent` is what it asked. */
export function resolver(servers: string[], options: DnsResolverOptions = {}): Omit<Setup, "server"> {
  const sent: SentQuery[] = [];
  const made = dnsResolver({ servers, timeoutMs: 2000, onQuery: (query) => sent.push(query), ...options });
  closeAtEnd(made.close);
  return { sent, query: made.query, close: made.close };
}

export const answering = (reply: Reply) => (asked: Asked) => asked.reply(reply);
export const a = (name: string, data = "192.0.2.1", ttl = 300): WireAnswer => ({ type: "A", name, ttl, data });
export const cname = (name: string, data: string, ttl = 300): WireAnswer => ({ type: "CNAME", name, ttl, data });
export const found = (records: unknown[], ttlSeconds = 300) => ({ status: "found", records, ttlSeconds, authenticated: false });
export const transports = (sent: readonly SentQuery[]) => sent.map((query) => query.transport).join(" ");
/** One turn of the event loop. */
export const turn = () => new Promise<void>((resolve) => setImmediate(resolve));
export const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

/** A UDP port of loopback where nobody listens. */
export async function closedPort(): Promise<string> {
  const socket = createSocket("udp4").bind(0, "127.0.0.1");
  await once(socket, "listening");
  const { port } = socket.address();
  await new Promise<void>((done) => socket.close(done));
  return `127.0.0.1:${port}`;
}
