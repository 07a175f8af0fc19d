/**
 * Starts a server that is unpacked and not installed (fetch.sh) as if it were: in a mount namespace of its own, where /mnt is the server's
 * folder and files of /etc are the folder's. The machine sees none of it. Sendmail and Exim also want paths that nobody but root can write
 * to, which /mnt then is, wherever the folder really lies.
 */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Child, startChild } from "./child.ts";

export type Inside = {
  /** Files of the folder that stand in the place of these. */
  readonly files: readonly { readonly name: string; readonly at: string }[];
  readonly command: readonly string[];
};

export function startInside(folder: string, { files, command }: Inside): Child {
  const binds = files.map(({ name, at }) => `mount --bind ${quoted(join(folder, name))} ${at}`);
  const script = [`mount --bind ${quoted(folder)} /mnt`, ...binds, `exec ${command.map(quoted).join(" ")}`].join(" && ");
  return startChild("/usr/bin/unshare", { args: ["--mount", "--propagation", "private", "/bin/sh", "-c", script] });
}

function quoted(word: string): string {
  return `'${word.replaceAll("'", "'\\''")}'`;
}

/** The machine's file with further lines. */
export function withLines(
  folder: string,
  { name, lines }: { readonly name: "passwd" | "group" | "hosts"; readonly lines: readonly string[] },
): void {
  const own = existsSync(`/etc/${name}`) ? readFileSync(`/etc/${name}`, "utf8") : "";
  const keys = lines.map((line) => `${line.split(":")[0]}:`);
  const kept = name === "hosts" ? [] : own.split("\n").filter((line) => line !== "" && !keys.some((key) => line.startsWith(key)));
  writeFileSync(join(folder, name), `${[...kept, ...lines].join("\n")}\n`);
}
