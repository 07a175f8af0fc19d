/**
 * Opens a server where the configuration says: TCP, or a UNIX socket that its owner's group may use. What is in the way is told with what
 * to do about it. A socket file that nobody listens at, as a killed process leaves it, is replaced; one that answers is not.
 */
import { chmodSync, lstatSync, unlinkSync } from "node:fs";
import { connect, createServer, type Server } from "node:net";
import type { ListenAt, Listening } from "../gateway/dialogue/door.ts";

/** The environment's fault: nothing can listen there. The text says how to mend it. */
export class ListenFault extends Error {
  override name = "ListenFault";
  readonly code: string;
  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

/** Gives the place, with the port that the system chose. */
export function listenAt(server: Listening, at: ListenAt): Promise<string> {
  return listening(server, at, at.kind === "unix" ? { path: at.path } : { host: at.host, port: at.port });
}

/**
 * As one of several processes at the same place. On Linux each takes its connections from the kernel (SO_REUSEPORT, socket(7)); elsewhere,
 * and at a UNIX socket, the first process takes them and hands them out (node:cluster), which costs it and them work for every connection.
 */
export function listenBeside(server: Listening, at: ListenAt): Promise<string> {
  if (at.kind === "unix" || at.port === 0 || process.platform !== "linux") return listenAt(server, at);
  return listening(server, at, { host: at.host, port: at.port, exclusive: true, reusePort: true });
}

/**
 * Throws ListenFault where another program listens at one of the places, or two of them are one: processes that share a place would share it
 * with that one too.
 */
export async function ensureFree(places: readonly ListenAt[]): Promise<void> {
  const servers: Server[] = [];
  try {
    for (const at of places.filter(({ kind }) => kind === "inet")) {
      const server = createServer();
      await listenAt(server, at);
      servers.push(server);
    }
  } finally {
    await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  }
}

async function listening(server: Listening, at: ListenAt, options: Parameters<Listening["listen"]>[0]): Promise<string> {
  await new Promise<void>((resolve, reject) => {
    const failed = (error?: Error): void => reject(faultOf(error, at));
    server.once("error", failed);
    server.once("listening", () => {
      server.removeListener("error", failed);
      resolve();
    });
    server.listen(options);
  });
  if (at.kind === "unix") {
    chmodSync(at.path, socketMode);
    return placeOf(at);
  }
  const address = server.address();
  return placeOf(address === null || typeof address === "string" ? at : { kind: "inet", host: address.address, port: address.port });
}

/** Mail servers that are to connect are in the group, as for other milters. */
const socketMode = 0o660;

export function placeOf(at: ListenAt): string {
  if (at.kind === "unix") return `unix:${at.path}`;
  return `inet:${at.host.includes(":") ? `[${at.host}]` : at.host}:${at.port}`;
}

/** Before anybody listens: takes away a socket file that is left over. Throws ListenFault where somebody listens, or it is no socket. */
export async function clearSocket(at: ListenAt): Promise<void> {
  if (at.kind !== "unix") return;
  const found = lstatSync(at.path, { throwIfNoEntry: false });
  if (found === undefined) return;
  if (!found.isSocket()) throw new ListenFault("EEXIST", `cannot listen at ${placeOf(at)}: there is a file of that name that is no socket`);
  if (await answers(at.path)) throw faultOf(Object.assign(new Error(), { code: "EADDRINUSE" }), at);
  unlinkSync(at.path);
}

function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ path });
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });
}

const advice: Readonly<Record<string, string>> = {
  EADDRINUSE: "another program listens there; choose another place, or end that program",
  EACCES: "not permitted; ports below 1024 and other users' folders need a right (systemd: AmbientCapabilities=CAP_NET_BIND_SERVICE)",
  EADDRNOTAVAIL: "this machine has no such address",
  ENOENT: "the folder is not there",
  ENOTFOUND: "the name is not known",
};

function faultOf(error: Error | undefined, at: ListenAt): ListenFault {
  const code = error !== undefined && "code" in error && typeof error.code === "string" ? error.code : "unknown";
  return new ListenFault(code, `cannot listen at ${placeOf(at)}: ${advice[code] ?? error?.message ?? code}`);
}
