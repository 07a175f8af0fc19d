/**
 * `assay pairs`: the queue of spoof intelligence: who was seen sending in whose name without being vouched for, over 7 or 30 days, and
 * what was done about it; with --what-if what would have been acted on while enforcement is off. The audit log of entries, removing and
 * undoing are here too. It only reads but for those two. Exit status: 0, 2 wrong use, 3 a store that cannot be used.
 */
import { limits } from "../../base/limits.ts";
import type { Insight, InsightQuestion, SeenPair } from "../../memory/sightings.ts";
import type { Standing } from "../../verdict/verdict.ts";
import { type ChangingOptions, changeEntries, idOf, isChanging, tellChanges } from "./entry-changes.ts";
import { noneLine } from "./entry-lines.ts";
import { authorOf, type Configured, dateOf, onStore, type StoreOptions } from "./entry-store.ts";
import type { ExitStatus } from "./exit-status.ts";
import { type Line, line, print } from "./lines.ts";
import { messages, pairDetails, queueLines } from "./pairs-lines.ts";
import type { Ports } from "./ports.ts";
import { jsonLine } from "./shown.ts";

export type PairsOptions = StoreOptions &
  ChangingOptions & {
    readonly days?: number;
    readonly domain?: string;
    readonly infrastructure?: string;
    readonly standing?: Standing;
    readonly spoof?: "internal" | "external";
    readonly whatIf?: boolean;
    readonly undecided?: boolean;
    readonly details?: boolean;
    readonly limit?: number;
    /** true, or the id of an entry. */
    readonly changes?: string | true;
  };

const daysDefault = 7;
const limitDefault = 50;

export function pairs(options: PairsOptions, ports: Ports): Promise<ExitStatus> {
  return onStore(options, ports, async (configured) => {
    if (isChanging(options)) return changeEntries(options, { configured, author: authorOf(options, configured, ports) }, ports);
    if (options.changes !== undefined) {
      const book = await ports.openEntries(configured.url);
      try {
        const id = options.changes === true ? undefined : idOf(options.changes);
        return await tellChanges(book, { configured, id, limit: options.limit ?? limitDefault, json: options.json === true }, ports);
      } finally {
        await book.close();
      }
    }
    const insight = await ports.openInsight(configured.url);
    try {
      return await tellQueue(insight, { configured, options }, ports);
    } finally {
      await insight.close();
    }
  });
}

type Asked = { readonly configured: Configured; readonly options: PairsOptions };

async function tellQueue(insight: Insight, { configured, options }: Asked, { out }: Ports): Promise<ExitStatus> {
  const { domain, infrastructure, standing, spoof } = options;
  const days = options.days ?? daysDefault;
  const question = { ...{ tenant: configured.tenant, day: configured.today, days }, domain, infrastructure, standing, spoof };
  if (options.json === true) {
    for await (const pair of wanted(insight, question, options)) if (!(await out.write(jsonLine(pair)))) break;
    return 0;
  }
  const limit = options.limit ?? limitDefault;
  const found: SeenPair[] = [];
  let more = false;
  for await (const pair of wanted(insight, question, options)) {
    more = found.length >= limit;
    if (more) break;
    found.push(pair);
  }
  const uncounted = await insight.uncounted(question);
  await out.write(print([...headLines(found, { configured, options, days, more }), ...bodyLines(found, { configured, options })], out));
  await out.write(print(footLines(found, { uncounted, more, limit }, { configured, options }), out));
  return 0;
}

async function* wanted(insight: Insight, question: InsightQuestion, { whatIf, undecided }: PairsOptions): AsyncGenerator<SeenPair> {
  for await (const pair of insight.pairs(question))
    if ((whatIf !== true || pair.wouldAct > 0) && (undecided !== true || pair.entry === null)) yield pair;
}

function headLines(
  found: readonly SeenPair[],
  { configured, options, days, more }: Asked & { readonly days: number; readonly more: boolean },
): readonly Line[] {
  const { today } = configured;
  const count = found.reduce((sum, pair) => sum + (options.whatIf === true ? pair.wouldAct : pair.messages), 0);
  const name = options.whatIf === true ? "What if: what would have been acted on" : "Spoof intelligence";
  const span = days === 1 ? dateOf(today) : `${dateOf(today - days + 1)} to ${dateOf(today)}`;
  const pairs = found.length === 1 ? "1 pair" : `${found.length} pairs`;
  return [line(`${name}, ${span}: ${more ? "the first " : ""}${pairs}, ${messages(count)}`, "strong")];
}

function bodyLines(found: readonly SeenPair[], { configured, options }: Asked): readonly Line[] {
  if (found.length === 0)
    return [noneLine(options.whatIf === true ? "nothing would have been acted on" : "nobody was seen who was not vouched for")];
  if (options.details === true) return found.flatMap((pair) => pairDetails(pair, configured.options));
  return queueLines(found, { whatIf: options.whatIf === true });
}

function footLines(
  found: readonly SeenPair[],
  { uncounted, more, limit }: { readonly uncounted: number; readonly more: boolean; readonly limit: number },
  { configured, options }: Asked,
): readonly Line[] {
  return [
    ...(more ? [noneLine(`and more pairs: --limit shows more than ${limit}, --json all`)] : []),
    ...(uncounted === 0
      ? []
      : [noneLine(`and ${messages(uncounted)} of pairs that were too many to keep (${limits.sightingTenantPairsPerDay} new ones a day)`)]),
    ...(found.length > 0 && options.details !== true
      ? [noneLine(`why, and sample messages: --details; to decide: assay allow|block SPOOFED SENT-BY${configured.options}`)]
      : []),
  ];
}
