/**
 * Debian's Sendmail for tests, unpacked (fetch.sh), with a milter: it takes mail for everywhere and passes all of it on to one port, where a
 * sink keeps it. It asks no DNS. It knows no XCLIENT: a client has another address of 127.0.0.0/8 by connecting from there.
 */
import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { freePorts, newFolder, untilGreeting } from "./child.ts";
import { unpacked } from "./missing.ts";
import { startInside, withLines } from "./namespace.ts";

export type Sendmail = {
  readonly port: number;
  /** The same for our own users: its daemon is called ORIGINATING. */
  readonly submissionPort: number;
  log(): string;
  stop(): Promise<void>;
};

/** `milter` as Sendmail writes it: `inet:8891@127.0.0.1`. Without an answer of the milter a message is told to come again. */
export async function startSendmail({ milter, nextHopPort }: { readonly milter: string; readonly nextHopPort: number }): Promise<Sendmail> {
  const folder = newFolder("sendmail");
  const [port = 0, submissionPort = 0] = await freePorts(2);
  mkdirSync(join(folder.path, "queue"), { mode: 0o700 });
  withLines(folder.path, { name: "hosts", lines: ["127.0.0.1 mx.sm.test mx"] });
  writeFileSync(join(folder.path, "service.switch"), "hosts files\naliases files\n");
  configure(folder.path, { port, submissionPort, milter, nextHopPort });
  const program = join(unpacked, "usr/libexec/sendmail/sendmail");
  const child = startInside(folder.path, {
    files: [{ name: "hosts", at: "/etc/hosts" }],
    command: [program, "-bD", "-q1s", "-C/mnt/sendmail.cf", "-X/mnt/dialogue"],
  });
  const stop = async () => {
    await child.stop();
    folder.remove();
  };
  try {
    await untilGreeting(port, { child, about: child.output });
  } catch (error) {
    await stop();
    throw error;
  }
  const log = () => `${child.output()}${readFileSync(join(folder.path, "dialogue"), "utf8")}`;
  return { port, submissionPort, log, stop };
}

type Setup = { readonly port: number; readonly submissionPort: number; readonly milter: string; readonly nextHopPort: number };

function configure(folder: string, { port, submissionPort, milter, nextHopPort }: Setup): void {
  const cf = join(unpacked, "usr/share/sendmail/cf");
  const source = `divert(0)dnl
VERSIONID(\`tests')dnl
OSTYPE(\`linux')dnl
define(\`confDOMAIN_NAME', \`mx.sm.test')dnl
define(\`confSERVICE_SWITCH_FILE', \`/mnt/service.switch')dnl
define(\`confHOSTS_FILE', \`/mnt/hosts')dnl
define(\`QUEUE_DIR', \`/mnt/queue')dnl
define(\`ALIAS_FILE', \`/mnt/aliases')dnl
define(\`STATUS_FILE', \`/mnt/statistics')dnl
define(\`confPID_FILE', \`/mnt/sendmail.pid')dnl
define(\`confCW_FILE', \`-o /mnt/local-host-names')dnl
define(\`confCT_FILE', \`-o /mnt/trusted-users')dnl
define(\`confTO_IDENT', \`0')dnl
define(\`confLOG_LEVEL', \`9')dnl
define(\`confREFUSE_LA', \`1000')dnl
define(\`confQUEUE_LA', \`1000')dnl
define(\`confDELAY_LA', \`0')dnl
define(\`SMART_HOST', \`relay:[127.0.0.1]')dnl
define(\`RELAY_MAILER_ARGS', \`TCP $h ${nextHopPort}')dnl
FEATURE(\`no_default_msa')dnl
FEATURE(\`nocanonify')dnl
FEATURE(\`accept_unresolvable_domains')dnl
FEATURE(\`accept_unqualified_senders')dnl
FEATURE(\`promiscuous_relay')dnl
DAEMON_OPTIONS(\`Port=${port}, Addr=127.0.0.1, Name=MTA')dnl
DAEMON_OPTIONS(\`Port=${submissionPort}, Addr=127.0.0.1, Name=ORIGINATING')dnl
INPUT_MAIL_FILTER(\`assay', \`S=${milter}, F=T, T=C:10s;S:10s;R:60s;E:60s')dnl
MAILER(\`local')dnl
MAILER(\`smtp')dnl
`;
  writeFileSync(join(folder, "sendmail.mc"), source);
  writeFileSync(join(folder, "aliases"), "");
  const run = spawnSync("/usr/bin/m4", [`-D_CF_DIR_=${cf}/`, join(cf, "m4/cf.m4"), join(folder, "sendmail.mc")], { encoding: "utf8" });
  if (run.status !== 0) throw new Error(`m4: ${run.stderr}`);
  writeFileSync(join(folder, "sendmail.cf"), run.stdout, { mode: 0o644 });
}
