/**
 * `assay check`: inspects messages and prints verdict, reason, what would be done, and why. Operands are walked lazily, inspected
 * several at once, and printed in input order; one bad item never stops the rest. Nothing but mail is read from what is
 * inspected: configuration comes from --config alone.
 */
import type { DmarcMode } from "../../evidence/dmarc/result.ts";
import type { Tls } from "../../mail/transaction.ts";
import type { Memory } from "../../memory/memory.ts";
import { type ExitStatus, worse } from "./exit-status.ts";
import type { LeftByMessage, WorkerSetup } from "./jobs.ts";
import { print } from "./lines.ts";
import type { Outcome, Setup } from "./outcome.ts";
import { type Output, type Ports, type Settings, UsageError } from "./ports.ts";
import { resolverChoice } from "./resolver-choice.ts";
import { shown } from "./shown.ts";
import { type Item, walk } from "./sources.ts";
import { progress, totals } from "./totals.ts";

export type CheckOptions = {
  readonly ip?: string;
  readonly helo?: string;
  readonly mailFrom?: string;
  readonly rcptTo?: readonly string[];
  readonly tls?: Tls;
  readonly zone?: string;
  readonly dns?: string;
  readonly config?: string;
  readonly mode?: DmarcMode;
  readonly authservId?: string;
  readonly json?: boolean;
  readonly trace?: boolean;
  readonly verbose?: boolean;
  readonly jobs?: number;
};

export async function check(files: readonly string[], options: CheckOptions, ports: Ports): Promise<ExitStatus> {
  const operands = operandsOf(files, ports);
  const settings = options.config === undefined ? null : await ports.loadSettings(options.config);
  const choice = resolverChoice(options, settings);
  const resolver = await ports.openResolver(choice);
  const { first, items } = await withFirst(walk(operands, ports.stdin()));
  const batch = operands.length > 1 || !isWhole(first, operands[0]);
  const setup = setupOf({ options, settings, batch }, ports);
  const url = settings?.memory ?? null;
  const memory = url === null ? null : await ports.openMemory(url, setup.policy.localSuffixes, settings?.journalBounds);
  const means = { resolver, clock: ports.clock, random: ports.random, ...(memory === null ? {} : { memory }) };
  const jobs = batch ? (options.jobs ?? 1) : 1;
  const { inspectAll, inspectChunk } = await import("./inspect-item.ts");
  try {
    if (jobs === 1) return await writeAll(inspectAll(items, setup, means), setup, ports);
    const { recordLeft, runInThreads } = await import("./jobs.ts");
    const start = () => ports.startWorker({ setup, resolver: choice, memory: url } satisfies WorkerSetup);
    const inspect = (chunk: readonly Item[]) => inspectChunk(chunk, setup, means);
    const record = (left: LeftByMessage): void => (memory === null ? undefined : recordLeft(memory, left));
    return await writeAll(runInThreads(items, { jobs, start, setup, inspect, record }), setup, ports);
  } finally {
    if (memory !== null) await closed(memory, ports.err);
  }
}

/** Writes what is still to be written, and says what could not be. It changes no verdict, and so no exit status. */
async function closed(memory: Memory, err: Output): Promise<void> {
  await memory.close();
  const { why, waiting, dropped } = memory.health();
  const lost = waiting + dropped;
  if (why !== null) await err.write(`assay: ${shown(why)}\n`);
  if (lost > 0)
    await err.write(
      `assay: ${lost === 1 ? "1 record" : `${lost} records`} of what messages left behind ${lost === 1 ? "is" : "are"} lost\n`,
    );
}

function operandsOf(files: readonly string[], ports: Ports): readonly string[] {
  if (files.length > 0) return files;
  if (ports.stdinIsTerminal)
    throw new UsageError("nothing to read: name a message file, a directory, an mbox or a maildir, or pipe a message in");
  return ["-"];
}

function setupOf({ options, settings, batch }: { options: CheckOptions; settings: Settings | null; batch: boolean }, ports: Ports): Setup {
  return {
    given: {
      ip: options.ip ?? null,
      helo: options.helo ?? null,
      mailFrom: options.mailFrom ?? null,
      rcptTo: options.rcptTo ?? [],
      tls: options.tls ?? null,
    },
    policyVersion: settings?.policyVersion ?? null,
    journal: settings?.journal ?? null,
    policy: { ...settings?.policy, ...(options.mode === undefined ? {} : { dmarcMode: options.mode }) },
    authservId: options.authservId ?? settings?.authservId ?? ports.hostName(),
    trustNetworks: settings?.trustNetworks ?? [],
    json: options.json ?? false,
    trace: options.trace ?? false,
    verbose: options.verbose ?? false,
    colour: ports.out.colour,
    batch,
  };
}

/** Is the walk this one operand and nothing else: one message file, or one message on standard input? */
function isWhole(first: Item | null, operand: string | undefined): boolean {
  if (first === null) return false;
  const single =
    first.kind === "file" || (first.kind === "stream" && !first.quoted) || (first.kind === "trouble" && first.source.index === 0);
  return single && first.source.file === operand;
}

async function withFirst(items: AsyncGenerator<Item>): Promise<{ first: Item | null; items: AsyncIterable<Item> }> {
  const first = await items.next();
  if (first.done === true) return { first: null, items };
  return { first: first.value, items: again() };
  async function* again(): AsyncGenerator<Item> {
    if (first.done !== true) yield first.value;
    yield* items;
  }
}

async function writeAll(outcomes: AsyncIterable<Outcome>, setup: Setup, { out, err, clock }: Ports): Promise<ExitStatus> {
  const sums = totals();
  const watch = progress(err, out, clock);
  let status: ExitStatus = 0;
  for await (const outcome of outcomes) {
    status = worse(status, outcome.status);
    for (const tally of outcome.tallies) sums.count(tally);
    await watch.show(sums.line);
    if (outcome.diagnostic !== "") {
      await watch.clear();
      await err.write(outcome.diagnostic);
    }
    if (outcome.text !== "" && !(await out.write(outcome.text))) return status;
  }
  await watch.clear();
  if (!setup.batch) return status;
  if (!setup.json) await out.write(print(sums.lines(), setup));
  else if (err.isTerminal) await err.write(`${sums.line()}\n`);
  return status;
}
