/**
 * The HTTP door: inspects messages that programs hand over (POST /v1/inspect, and rspamd's protocol at /checkv2, or in its form before HTTP,
 * RSPAMC, which Exim speaks) and tells of the service's health. It takes no mail: what is decided is the caller's to do. It bounds header,
 * message, time and connections, opens no file for a caller, speaks no TLS (a proxy in front of it does), and does not start where strangers
 * could reach it and no token is configured.
 */
import { createServer, type Server, type ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { getRequestListener } from "@hono/node-server";
import { limits } from "../../base/limits.ts";
import type { Clock } from "../../dns/resolver.ts";
import type { Door, DoorMeans, ListenAt } from "../../gateway/dialogue/door.ts";
import { isLoopbackHost, tokensWanted } from "./access.ts";
import { faultResponse, httpApp, plain, type Readiness } from "./app.ts";
import { fault, faultBody, type HttpFault } from "./fault.ts";
import { awaitFirstOctets, type Spoken } from "./first-octets.ts";
import { type RspamcMeans, serveRspamc } from "./rspamc-session.ts";

/** From the table [http] of the configuration. */
export type HttpHabits = {
  /** Digests: `sha256:` and 64 hexadecimal digits. */
  readonly tokens: readonly string[];
  readonly messageBytesMax: number;
};

export type HttpDoorOptions = {
  readonly at: ListenAt;
  /** Read for each request: a new configuration counts from the next on. */
  readonly habits: () => HttpHabits;
  readonly version: string;
  readonly connectionsMax: number;
};

export type HttpDoorMeans = DoorMeans & {
  /** In Prometheus' text format, of all processes. */
  readonly metrics: () => Promise<string>;
  readonly ready: () => Promise<readonly Readiness[]>;
  readonly clock: Clock;
};

/** The environment's fault: the door cannot be opened so. The text says how to mend it. */
export class HttpDoorError extends Error {
  override name = "HttpDoorError";
  readonly code = "http-tokens-missing";
}

export async function openHttpDoor(options: HttpDoorOptions, means: HttpDoorMeans): Promise<Door> {
  const { at, habits } = options;
  if (at.kind === "inet" && !isLoopbackHost(at.host) && habits().tokens.length === 0) {
    throw new HttpDoorError(`listen.http = ${JSON.stringify(`${at.host}:${at.port}`)}: ${tokensWanted}`);
  }
  const connections = new Connections();
  const server = serverOf(options, means, connections);
  const place = await means.listen(server, at);
  return {
    name: "http",
    listener: "inbound",
    place,
    get connections() {
      return connections.size;
    },
    close: (graceMs) => connections.close(server, graceMs),
  };
}

function serverOf({ at, habits, version, connectionsMax }: HttpDoorOptions, means: HttpDoorMeans, connections: Connections): Server {
  const { service, metrics, ready, clock, onFault, onConnection } = means;
  const host = at.kind === "inet" ? at.host : "localhost";
  const access = () => ({ tokens: habits().tokens, host });
  const messageBytesMax = () => habits().messageBytesMax;
  const app = httpApp({ service, metrics, ready, clock, onFault, version, access, messageBytesMax });
  const listener = getRequestListener((request, env) => app.fetch(request, env), {
    overrideGlobalObjects: false,
    hostname: "localhost", // of a request without Host, as HTTP/1.0 allows and rspamd's own client sends
    errorHandler: (error) => {
      onFault(error, "http");
      return faultResponse(unreadable);
    },
  });
  const server = createServer(serverLimits, (incoming, outgoing) => {
    connections.begin(incoming.socket, outgoing);
    void listener(incoming, outgoing);
  });
  server.maxConnections = connectionsMax;
  server.maxHeadersCount = 0; // their bytes are bounded; headers past a count would silently be missing
  const rspamc: RspamcMeans = { service, access, messageBytesMax, clock, onFault };
  serveByFirstOctets(server, (socket) => connections.hold(socket, () => serveRspamc(socket, addressOf(socket, at), rspamc)));
  server.on("connection", (socket) => {
    onConnection("opened", door);
    connections.add(socket, () => onConnection("closed", door));
  });
  server.on("drop", () => onConnection("refused", door));
  server.on("clientError", (error: NodeJS.ErrnoException, socket) => answerBroken(error, socket as Socket)); // a TCP server's is a net.Socket
  server.on("error", (error) => onFault(error, "http"));
  return server;
}

const door = { name: "http", listener: "inbound" } as const;

/** The server's own listener gets a connection once it is known to speak HTTP, with all octets still to be read. */
function serveByFirstOctets(server: Server, serveOther: (socket: Socket) => Promise<void>): void {
  const own = server.listeners("connection");
  server.removeAllListeners("connection");
  server.on("connection", (socket) => {
    socket.on("error", () => {}); // its end follows, and is what counts
    awaitFirstOctets(socket, {
      withinMs: limits.httpHeadersMs,
      onKnown: (spoken: Spoken) => {
        if (!socket.writable) socket.destroy();
        else if (spoken === "rspamc") void serveOther(socket);
        else for (const listener of own) listener.call(server, socket);
      },
      onLate: () => answerBroken({ name: "late", message: "", code: "ERR_HTTP_REQUEST_TIMEOUT" }, socket),
    });
  });
}

/** Undefined on a local socket; of a client that has gone already nothing is known, which is not the same. */
function addressOf(socket: Socket, at: ListenAt): string | undefined {
  return at.kind === "unix" ? undefined : (socket.remoteAddress ?? "");
}

const serverLimits = {
  maxHeaderSize: limits.httpHeaderBytesMax,
  headersTimeout: limits.httpHeadersMs,
  requestTimeout: limits.httpRequestMs,
  keepAliveTimeout: limits.httpIdleMs,
  connectionsCheckingInterval: limits.httpCheckMs,
  // Neither is asked for by an honest client, and each has led two readers to two readings of one request (RFC 9112 §11.2).
  insecureHTTPParser: false,
  rejectNonStandardBodyWrites: true,
  noDelay: true,
} as const;

/** What could not be read as a request, or did not come in time. */
function answerBroken(error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code === "ECONNRESET" || !socket.writable) {
    socket.destroy();
    return;
  }
  const [status, found] = brokenAnswers[error.code ?? ""] ?? (["400 Bad Request", unreadable] as const);
  const body = faultBody(found);
  const headers = Object.entries({ ...plain, "Content-Length": String(Buffer.byteLength(body)), Connection: "close" });
  socket.end(`HTTP/1.1 ${status}\r\n${headers.map(([name, value]) => `${name}: ${value}\r\n`).join("")}\r\n${body}`, () =>
    socket.destroy(),
  );
}

const unreadable = fault("bad-request", "this is no request that can be read").fault;
const brokenAnswers: Readonly<Record<string, readonly [string, HttpFault]>> = {
  HPE_HEADER_OVERFLOW: [
    "431 Request Header Fields Too Large",
    fault("header-too-large", `request line and headers are at most ${limits.httpHeaderBytesMax} bytes`).fault,
  ],
  ERR_HTTP_REQUEST_TIMEOUT: [
    "408 Request Timeout",
    fault("message-late", `a request has ${limits.httpHeadersMs / 1000} s for its headers and ${limits.httpRequestMs / 1000} s in all`)
      .fault,
  ],
};

/** The connections of the door, and which of them have a request under way. */
class Connections {
  readonly #busy = new Map<Socket, number>();
  #isClosing = false;

  get size(): number {
    return this.#busy.size;
  }

  add(socket: Socket, onClosed: () => void): void {
    this.#busy.set(socket, 0);
    socket.once("close", () => {
      this.#busy.delete(socket);
      onClosed();
    });
  }

  begin(socket: Socket, outgoing: ServerResponse): void {
    this.#count(socket, 1);
    if (this.#isClosing) outgoing.setHeader("Connection", "close");
    outgoing.once("close", () => this.#count(socket, -1));
  }

  /** One that speaks no HTTP has its request under way until it ends. */
  async hold(socket: Socket, serve: () => Promise<void>): Promise<void> {
    this.#count(socket, 1);
    await serve();
    this.#count(socket, -1);
  }

  #count(socket: Socket, change: 1 | -1): void {
    const left = (this.#busy.get(socket) ?? 0) + change;
    if (this.#busy.has(socket)) this.#busy.set(socket, left);
    if (this.#isClosing && left <= 0) socket.end();
  }

  /** Idle connections end at once, the others after their answer; those that are left after the grace are cut. */
  async close(server: Server, graceMs: number): Promise<void> {
    this.#isClosing = true;
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    server.closeIdleConnections();
    for (const [socket, requests] of this.#busy) if (requests === 0) socket.end();
    const cut = setTimeout(() => {
      for (const socket of this.#busy.keys()) socket.destroy();
    }, graceMs);
    await closed;
    clearTimeout(cut);
    await Promise.all([...this.#busy.keys()].map((socket) => new Promise((resolve) => socket.once("close", resolve))));
  }
}
