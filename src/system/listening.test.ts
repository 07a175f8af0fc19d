/** Places to listen at: one alone, several processes at one, and what is in the way. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type Server } from "node:net";
import { type TestContext, test } from "node:test";
import { ensureFree, ListenFault, listenAt, listenBeside } from "./listening.ts";

function opened(t: TestContext): Server {
  const server = createServer();
  t.after(() => server.close());
  return server;
}

/** Whose last process has let it go. */
async function freePort(): Promise<number> {
  const server = createServer();
  const place = await listenAt(server, { kind: "inet", host: "127.0.0.1", port: 0 });
  server.close();
  await once(server, "close");
  return Number(place.slice(place.lastIndexOf(":") + 1));
}

const isTaken = (error: unknown): boolean => error instanceof ListenFault && error.code === "EADDRINUSE";

test("several share a place; one that wants it alone does not get it, and is told why", async (t) => {
  const at = { kind: "inet", host: "127.0.0.1", port: await freePort() } as const;
  await listenBeside(opened(t), at);
  await listenBeside(opened(t), at);
  await assert.rejects(listenAt(opened(t), at), isTaken);
});

test("a second service is kept from the place of a first whose processes share it", async (t) => {
  const at = { kind: "inet", host: "127.0.0.1", port: await freePort() } as const;
  await ensureFree([at]);
  await listenBeside(opened(t), at);
  await assert.rejects(ensureFree([at]), isTaken);
});

test("two places of one configuration that are the same one are found before mail is split between them by chance", async () => {
  const port = await freePort();
  const places = ["127.0.0.1", "0.0.0.0"].map((host) => ({ kind: "inet", host, port }) as const);
  await assert.rejects(ensureFree(places), isTaken);
  // Nothing is left behind.
  await ensureFree(places.slice(0, 1));
});

test("a port that the system chooses is one for all processes, and not shared by chance", async (t) => {
  const server = opened(t);
  const place = await listenBeside(server, { kind: "inet", host: "127.0.0.1", port: 0 });
  await assert.rejects(listenBeside(opened(t), { kind: "inet", host: "127.0.0.1", port: Number(place.split(":").at(-1)) }), isTaken);
});
