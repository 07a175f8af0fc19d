/**
 * What the tests with real mail servers need of the machine: Debian's packages, and root, as whom mail servers start. Without them the tests
 * are skipped, and say why; under CI=true that is a failure.
 */
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** Where fetch.sh unpacks what cannot be installed beside Postfix. */
export const unpacked = fileURLToPath(new URL("../../../.toolchain/debian/root", import.meta.url));

const needed = {
  postfix: { path: "/usr/sbin/postfix", how: "apt-get install --no-install-recommends postfix" },
  swaks: { path: "/usr/bin/swaks", how: "apt-get install --no-install-recommends swaks" },
  m4: { path: "/usr/bin/m4", how: "apt-get install --no-install-recommends m4" },
  sendmail: { path: `${unpacked}/usr/libexec/sendmail/sendmail`, how: "bash test/integration/mta/fetch.sh" },
  exim: { path: `${unpacked}/usr/share/doc/exim4-daemon-heavy`, how: "bash test/integration/mta/fetch.sh" },
} as const;

export type Needed = keyof typeof needed;

/** Why tests with these are skipped; false where they are all there. */
export function without(...names: readonly Needed[]): string | false {
  const reasons = names.filter((name) => !existsSync(needed[name].path)).map((name) => `needs ${name}: ${needed[name].how}`);
  if (process.geteuid?.() !== 0) reasons.push("needs root: mail servers are started as root");
  const reason = reasons.join("; ");
  if (reason === "") return false;
  assert.notEqual(process.env["CI"], "true", reason);
  return reason;
}
