/**
 * `assay learn PATH…`: warm start of sender and recipient history from mail that is there already: maildirs, mbox files, directories of
 * *.eml, Sent folders, mail logs. Only our own Received fields and Authentication-Results teach. Mail of ours is read first, so that
 * answers to it are known as such when the mail that came in is read. Nothing is learnt twice; bodies are never read.
 */
import { statSync } from "node:fs";
import type { Ours } from "../../gateway/learn/ours.ts";
import { domainToAscii } from "../../mail/domain.ts";
import { parseIpNetwork } from "../../mail/ip-address.ts";
import { dayOf } from "../../memory/decay.ts";
import { type Learning, LearningFault } from "../../memory/learning.ts";
import type { ExitStatus } from "./exit-status.ts";
import type { LearnContext } from "./learn-context.ts";
import { dryLearning } from "./learn-dry.ts";
import { isMailLog, type Operand } from "./learn-files.ts";
import { learnLogs } from "./learn-logs.ts";
import { learnMail } from "./learn-mail.ts";
import { learnTotals } from "./learn-totals.ts";
import { print } from "./lines.ts";
import { type Ports, type Settings, UsageError } from "./ports.ts";
import { shown } from "./shown.ts";
import { progress } from "./totals.ts";

export type LearnOptions = {
  readonly config?: string;
  readonly sent?: readonly string[];
  readonly host?: readonly string[];
  readonly authservId?: readonly string[];
  readonly rcptTo?: readonly string[];
  readonly sinceDays?: number;
  readonly resultsBelowReceived?: boolean;
  readonly dryRun?: boolean;
  readonly json?: boolean;
};

const sinceDaysDefault = 180;

export async function learn(paths: readonly string[], options: LearnOptions, ports: Ports): Promise<ExitStatus> {
  const operands = operandsOf(paths, options);
  const settings = options.config === undefined ? null : await ports.loadSettings(options.config);
  try {
    const store = await openStore(options, settings, ports);
    try {
      return await run(operands, { options, settings, store }, ports);
    } finally {
      await store.close();
    }
  } catch (error) {
    if (!(error instanceof LearningFault)) throw error;
    await ports.err.write(`assay: ${shown(error.message)}\n`);
    return 3;
  }
}

function operandsOf(paths: readonly string[], { sent = [] }: LearnOptions): readonly Operand[] {
  const operands = [...paths.map((path) => ({ path, isSent: false })), ...sent.map((path) => ({ path, isSent: true }))];
  if (operands.length === 0) throw new UsageError("nothing to learn from: name a maildir, an mbox, a directory of *.eml, or a mail log");
  if (operands.some(({ path }) => path === "-")) throw new UsageError("standard input cannot be read twice: name a file");
  return operands;
}

async function openStore(options: LearnOptions, settings: Settings | null, ports: Ports): Promise<Learning> {
  if (options.dryRun === true) return dryLearning();
  if (settings === null) throw new UsageError("name the store: --config FILE with memory.url; or try --dry-run");
  if (settings.memory === null) throw new UsageError(`${options.config}: memory.url is not set, so there is no store; or try --dry-run`);
  return ports.openLearning(settings.memory, settings.policy.localSuffixes);
}

type Run = { readonly options: LearnOptions; readonly settings: Settings | null; readonly store: Learning };

async function run(operands: readonly Operand[], { options, settings, store }: Run, ports: Ports): Promise<ExitStatus> {
  const totals = learnTotals();
  const today = dayOf(ports.clock());
  // Totals come last, so the progress line disturbs nothing on stdout.
  const watch = progress(ports.err, { ...ports.out, isTerminal: false }, ports.clock);
  let unreadable = false;
  const context: LearnContext = {
    ...{ store, totals, ours: oursOf(options, settings, ports), policy: settings?.policy ?? {}, recipients: options.rcptTo ?? [] },
    days: { first: today - (options.sinceDays ?? sinceDaysDefault), last: today + 1 },
    advance: () => watch.show(totals.line),
    report: async ({ source, error }) => {
      unreadable = true;
      totals.untaught("unreadable");
      await watch.clear();
      await ports.err.write(`assay: ${shown(source.index === 0 ? source.file : `${source.file}[${source.index}]`)}: ${error.message}\n`);
    },
  };
  const logs = operands.filter(({ path }) => isMailLog(path)).sort(byAge);
  const mail = operands.filter((operand) => !logs.includes(operand));
  for (const pass of ["sent", "received"] as const) {
    for (const operand of mail) await learnMail(operand, pass, context);
    await learnLogs(
      logs.map(({ path }) => path),
      pass,
      context,
    );
    await store.flush();
  }
  await watch.clear();
  const { learnt, notLearnt } = totals.json();
  if (options.json === true) await ports.out.write(`${JSON.stringify({ learnt, notLearnt, dryRun: options.dryRun === true })}\n`);
  else await ports.out.write(print(totals.lines(), ports.out));
  return unreadable ? 2 : 0;
}

/** Rotated logs in the order they were written, so that a message in two of them is one. */
function byAge(a: Operand, b: Operand): number {
  return statSync(a.path).mtimeMs - statSync(b.path).mtimeMs;
}

function oursOf(options: LearnOptions, settings: Settings | null, ports: Ports): Ours {
  const authservIds = [
    ...(options.authservId ?? []),
    ...(settings?.authservId == null ? [ports.hostName()] : [settings.authservId]),
    ...(settings?.policy.authservIds ?? []),
  ];
  const domains = settings?.acceptedDomains ?? [];
  const hosts = [...(options.host ?? []), ports.hostName(), ...authservIds, ...domains];
  return {
    hosts: hosts.map(domainToAscii).filter((host) => host !== null),
    networks: (settings?.trustNetworks ?? []).map(parseIpNetwork).filter((network) => network !== null),
    authservIds,
    domains,
    resultsBelowReceived: options.resultsBelowReceived === true,
  };
}
