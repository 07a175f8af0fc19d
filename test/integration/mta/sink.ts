/** A mail server that keeps what it gets (sink-process.ts), as a process of its own that can be killed and started again. */
import { readdirSync, readFileSync, rmSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Child, freePorts, newFolder, startChild, until } from "./child.ts";

export type Kept = {
  readonly mailFrom: string;
  /** What stood behind the address in MAIL. */
  readonly mailParameters: string;
  readonly rcptTo: readonly string[];
  readonly helo: string;
  /** XCLIENT and XFORWARD lines of the session. */
  readonly told: readonly string[];
  readonly message: Buffer;
};

export type Sink = {
  /** As a next hop is written in the configuration. */
  readonly nextHop: string;
  readonly port: number | null;
  kept(): readonly Kept[];
  kill9(): Promise<void>;
  start(): Promise<void>;
  stop(): Promise<void>;
};

export type SinkOptions = {
  readonly protocol: "smtp" | "lmtp";
  readonly over?: "tcp" | "unix";
  /** Beside PIPELINING and ENHANCEDSTATUSCODES. */
  readonly capabilities?: readonly string[];
};

const script = fileURLToPath(new URL("sink-process.ts", import.meta.url));

export async function startSink({ protocol, over = "tcp", capabilities = ["8BITMIME", "SMTPUTF8", "SIZE"] }: SinkOptions): Promise<Sink> {
  const folder = newFolder("sink");
  const [port = 0] = await freePorts(1);
  const path = join(folder.path, "socket");
  const place = over === "tcp" ? String(port) : path;
  const prefix = protocol === "lmtp" ? "lmtp:" : "";
  let child: Child | null = null;
  const start = async () => {
    // A server that was killed leaves its socket behind.
    rmSync(path, { force: true });
    const started = startChild(process.execPath, { args: [script, folder.path, place, protocol, ...capabilities] });
    child = started;
    const listens = () =>
      new Promise<boolean>((resolve) => {
        const socket = over === "tcp" ? connect(port, "127.0.0.1") : connect(path);
        socket.on("error", () => resolve(false));
        socket.on("connect", () => socket.end(() => resolve(true)));
      });
    await until(listens, { about: started.output });
  };
  await start();
  return {
    nextHop: over === "tcp" ? `${prefix}127.0.0.1:${port}` : `${prefix}unix:${path}`,
    port: over === "tcp" ? port : null,
    start,
    kept: () =>
      readdirSync(folder.path)
        .filter((name) => name.endsWith(".json"))
        .map((name) => {
          // Written by sink-process.ts in this shape.
          const one = JSON.parse(readFileSync(join(folder.path, name), "utf8")) as Kept & { readonly message: string };
          return { ...one, message: Buffer.from(one.message, "base64") };
        }),
    kill9: async () => child?.kill9(),
    stop: async () => {
      await child?.kill9();
      folder.remove();
    },
  };
}
