/** What `assay learn` has done, counted and in words: what was learnt, what was known, and why the rest taught nothing. */
import type { NotLogged } from "../../gateway/learn/logged-message.ts";
import type { NotSent } from "../../gateway/learn/sent-message.ts";
import type { NotLearnt } from "../../gateway/learn/stored-message.ts";
import { type Line, line, plain } from "./lines.ts";

export type Learnt = "authenticated" | "unauthenticated" | "seen" | "sent";
export type Untaught = NotLearnt | NotSent | NotLogged | "known" | "older" | "future" | "passed-over" | "nothing" | "unreadable";

export type LearnTotals = {
  learnt(what: Learnt): void;
  untaught(why: Untaught): void;
  line(): string;
  lines(): readonly Line[];
  json(): { readonly learnt: Readonly<Record<Learnt, number>>; readonly notLearnt: Readonly<Partial<Record<Untaught, number>>> };
};

export function learnTotals(): LearnTotals {
  const learnt: Record<Learnt, number> = { authenticated: 0, unauthenticated: 0, seen: 0, sent: 0 };
  const untaught = new Map<Untaught, number>();
  const sum = (): number => learnt.authenticated + learnt.unauthenticated + learnt.seen + learnt.sent;
  const others = (): number => [...untaught.values()].reduce((all, one) => all + one, 0);
  const sorted = (): [Untaught, number][] => [...untaught].sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1));
  return {
    learnt(what) {
      learnt[what] += 1;
    },
    untaught(why) {
      untaught.set(why, (untaught.get(why) ?? 0) + 1);
    },
    line: () => `${sum()} ${sum() === 1 ? "message" : "messages"} learnt, ${others()} not`,
    json: () => ({ learnt: { ...learnt }, notLearnt: Object.fromEntries(sorted()) }),
    lines: () => [
      line(`${sum()} ${sum() === 1 ? "message" : "messages"} learnt`, "strong"),
      ...learntKinds.filter((what) => learnt[what] > 0).map((what) => row(learnt[what], learntWords[what])),
      ...(untaught.size === 0 ? [] : [line(`${others()} not learnt`, "strong")]),
      ...sorted().map(([why, count]) => row(count, untaughtWords[why])),
    ],
  };
}

function row(count: number, words: string): Line {
  return plain(`${String(count).padStart(9)}  ${words}`);
}

const learntKinds: readonly Learnt[] = ["authenticated", "unauthenticated", "seen", "sent"];
const learntWords: Readonly<Record<Learnt, string>> = {
  authenticated: "came in, and our own results say that they authenticated",
  unauthenticated: "came in from hosts with a verified name, unauthenticated: they count for little",
  seen: "came in, of which only the host was remembered",
  sent: "went out",
};

const untaughtWords: Readonly<Record<Untaught, string>> = {
  "no-received": "have no Received field: nobody knows where they came from",
  "not-ours": "were received by a host that is not known as ours; name it with --host",
  broken: "have a Received field that cannot be read with certainty",
  local: "never left our own machines",
  submission: "were handed in by a user of ours",
  "no-day": "have no readable date of ours",
  "no-author": "do not name exactly one author",
  "own-domain": "are unauthenticated, in the name of an accepted domain",
  failed: "failed authentication, or could not be judged, when they came in",
  unverified: "are signed by their author's organization, and no result of ours says whether that verified; see --results-below-received",
  "not-own-domain": "lie in a Sent folder, and were written by others",
  "no-recipient": "lie in a Sent folder, and name no recipient",
  "came-in": "lie in a Sent folder, and came from elsewhere",
  "not-delivered": "were not delivered, or their log is cut off",
  "no-client": "are in a log that begins after they came",
  relayed: "went to domains that are not accepted ones",
  "no-name": "came from a client without a verified name, as the log says",
  authenticated: "authenticated, but the log does not say by what",
  known: "were learnt before",
  older: "are older than --since",
  future: "are of a day to come",
  "passed-over": "lie in a folder of junk, trash or drafts",
  nothing: "teach nothing",
  unreadable: "could not be read",
};
