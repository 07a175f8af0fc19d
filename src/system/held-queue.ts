/**
 * What waits in Postfix's queue on hold: the messages that a milter asked to quarantine, and those that the administrator put there. Read
 * with postqueue, released with postsuper (postqueue(1), postsuper(1)); it changes nothing else of the queue.
 */
import { execFile } from "node:child_process";

export type HeldMessage = {
  readonly queueId: string;
  /** Milliseconds since 1970. */
  readonly arrivedAt: number;
  readonly bytes: number;
  /** "" is the null path. */
  readonly sender: string;
  readonly recipients: readonly string[];
};

export interface HeldQueue {
  list(): Promise<readonly HeldMessage[]>;
  /** Lets them go on; gives how many the queue knew. */
  release(queueIds: readonly string[]): Promise<number>;
}

/** The environment's fault: the queue cannot be read or changed. The text says how to mend it. */
export class HeldQueueFault extends Error {
  override name = "HeldQueueFault";
}

/** `configFolder`: where main.cf is, for another than the usual instance. */
export function postfixHeldQueue(configFolder: string | null): HeldQueue {
  const instance = configFolder === null ? [] : ["-c", configFolder];
  return {
    list: async () => heldIn((await run("postqueue", [...instance, "-j"])).out),
    release: async (queueIds) => {
      if (queueIds.length === 0) return 0;
      const { err } = await run("postsuper", [...instance, "-H", "-"], `${queueIds.join("\n")}\n`);
      // postsuper: Released from hold: 2 messages
      return Number(/Released from hold: ([0-9]{1,9}) message/.exec(err)?.[1] ?? 0);
    },
  };
}

/** The messages on hold among the lines of `postqueue -j`; a line that is no message of this form is passed over. */
export function heldIn(jsonLines: string): readonly HeldMessage[] {
  return jsonLines.split("\n").flatMap((line): readonly HeldMessage[] => {
    const read = line === "" ? null : parsed(line);
    if (read === null || read["queue_name"] !== "hold" || typeof read["queue_id"] !== "string") return [];
    const recipients: readonly unknown[] = Array.isArray(read["recipients"]) ? read["recipients"] : [];
    return [
      {
        queueId: read["queue_id"],
        arrivedAt: Number(read["arrival_time"] ?? 0) * 1000,
        bytes: Number(read["message_size"] ?? 0),
        sender: String(read["sender"] ?? ""),
        recipients: recipients.flatMap((one) => {
          const address: unknown = typeof one === "object" && one !== null && "address" in one ? one.address : null;
          return typeof address === "string" ? address : [];
        }),
      },
    ];
  });
}

function parsed(line: string): Readonly<Record<string, unknown>> | null {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === "object" && value !== null ? { ...value } : null;
  } catch {
    return null;
  }
}

const runMs = 60_000;
const outputBytesMax = 256 * 1024 * 1024;

function run(command: string, args: readonly string[], input = ""): Promise<{ readonly out: string; readonly err: string }> {
  return new Promise((resolve, reject) => {
    const child = execFile(
      command,
      args,
      { timeout: runMs, maxBuffer: outputBytesMax, env: { ...process.env, LC_ALL: "C" } },
      (error, out, err) => {
        if (error === null) resolve({ out, err });
        else reject(faultOf(command, error, err));
      },
    );
    child.stdin?.on("error", () => {});
    child.stdin?.end(input);
  });
}

function faultOf(command: string, error: Error & { readonly code?: unknown }, err: string): HeldQueueFault {
  if (error.code === "ENOENT")
    return new HeldQueueFault(
      `${command} is not on this machine: run this where Postfix runs (Sendmail: mailq -qQ lists, sendmail -qQ -Q releases)`,
    );
  const said = err.trim().split("\n").at(-1) ?? "";
  return new HeldQueueFault(`${command}: ${said === "" ? error.message : said}`);
}
