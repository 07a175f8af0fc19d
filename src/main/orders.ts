/**
 * What the operating system and the operator tell a running service: end (SIGTERM, SIGINT; a second one, at once), and read the
 * configuration again (SIGHUP, or the file has changed and then stayed as it is, so that a file half written is not read).
 */
import { statSync } from "node:fs";
import type { Log } from "../system/log.ts";
import type { ServeMeans } from "./serve-means.ts";

export type Orders = {
  readonly file: string;
  readonly reload: () => void;
  readonly end: () => void;
  /** At once, whatever is under way. */
  readonly abandon: () => void;
};

/** Gives a function that stops listening. */
export function onOrders({ file, reload, end, abandon }: Orders): () => void {
  let isEnding = false;
  const ended = (): void => {
    if (isEnding) abandon();
    else end();
    isEnding = true;
  };
  process.on("SIGTERM", ended);
  process.on("SIGINT", ended);
  process.on("SIGHUP", reload);
  const watching = watch(file, reload);
  return () => {
    clearInterval(watching);
    process.removeListener("SIGTERM", ended);
    process.removeListener("SIGINT", ended);
    process.removeListener("SIGHUP", reload);
  };
}

const lookMs = 2000;

function watch(file: string, reload: () => void): NodeJS.Timeout {
  let read = stateOf(file);
  let last = read;
  const timer = setInterval(() => {
    const now = stateOf(file);
    const isSettled = now === last;
    last = now;
    if (now === null || now === read || !isSettled) return;
    read = now;
    reload();
  }, lookMs);
  timer.unref();
  return timer;
}

/** Null while the file is not there, as between the two halves of a replacement, or cannot be looked at: neither ends a service. */
function stateOf(file: string): string | null {
  try {
    const stats = statSync(file, { throwIfNoEntry: false });
    return stats === undefined ? null : `${stats.ino} ${stats.size} ${stats.mtimeMs}`;
  } catch {
    return null;
  }
}

/** The file, to whoever reads it; one that cannot be read is told of, and changes nothing. */
export function readAgain(
  file: string,
  { means, log, offer }: { readonly means: Pick<ServeMeans, "readFile">; readonly log: Log; readonly offer: (text: string) => void },
): void {
  let text: string;
  try {
    text = Buffer.from(means.readFile(file, "configuration file")).toString("utf8");
  } catch (error) {
    log.error({ err: error, file }, "the configuration file cannot be read; the old configuration stays in force");
    return;
  }
  offer(text);
}
