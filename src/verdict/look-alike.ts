/**
 * Is a domain made to be taken for another: by letters that look alike, by a slip of the finger, by the other's name inside its own, or
 * by the same name under another suffix? Pure and bounded; a heuristic that only ever adds suspicion. The confusable letters are those
 * that address lines show: Latin look-alikes and the Cyrillic and Greek letters of UTS #39 that have a Latin double.
 */
import { toUnicode } from "tr46";
import { memoized, memoizedByObject } from "../base/memo.ts";
import { organizationOf } from "./organization.ts";

/** How `name` resembles one of the domains it is not; null where it does not. All are A-labels. */
export function resembles(name: string, protectedDomains: readonly string[]): { readonly domain: string; readonly how: string } | null {
  const own = organizationOf(name, {});
  const { organizations, names } = known(protectedDomains);
  if (organizations.has(own)) return null;
  const subject: Subject = { ...nameOf(own), name, own };
  for (const other of names) {
    const how = likeness(subject, other);
    if (how !== null) return { domain: other.organization, how };
  }
  return null;
}

/** Once for each configuration, and not for each message. */
const known = memoizedByObject((domains: readonly string[]) => {
  const organizations = new Set(domains.slice(0, protectedMax).map((domain) => organizationOf(domain, {})));
  return { organizations, names: [...organizations].map(nameOf) };
});

/** What an organization is called, and what that looks like. */
type Name = { readonly organization: string; readonly label: string; readonly skeleton: string; readonly words: readonly string[] };
type Subject = Name & { readonly name: string; readonly own: string };

const nameOf = memoized((organization: string): Name => {
  const label = labelOf(organization);
  return { organization, label, skeleton: skeletonOf(label), words: label.split("-") };
});

/** The weakest of likenesses: many organizations have their name under several suffixes. */
export const sameName = "the same name under another suffix";

const protectedMax = 1000;
const nameMin = 4;
const slipMin = 6;

function likeness(subject: Subject, { organization, label, skeleton }: Name): string | null {
  // A short name is in everybody's neighbourhood.
  if (label.length < nameMin) return null;
  if (subject.label === label) return sameName;
  if (subject.skeleton === skeleton) return "letters that look alike";
  if (label.length >= slipMin && isOneSlip(subject.skeleton, skeleton)) return "one letter apart";
  const { name, own, words } = subject;
  if (words.length > 1 && words.includes(label)) return "the name with words around it";
  if (name !== own && name.slice(0, name.length - own.length - 1).includes(organization)) return "the name in front of another domain";
  return null;
}

/** What an organization is called: its first label, as people see it. */
function labelOf(organization: string): string {
  const dot = organization.indexOf(".");
  const label = dot < 0 ? organization : organization.slice(0, dot);
  if (!label.startsWith("xn--")) return label;
  const { domain, error } = toUnicode(label);
  return error ? label : domain;
}

/** Two names with one skeleton look alike. Accents are taken off, hyphens are overlooked. */
function skeletonOf(label: string): string {
  let text = "";
  for (const letter of label.normalize("NFKD").toLowerCase()) text += doubles.get(letter) ?? (ignored.test(letter) ? "" : letter);
  return text.replaceAll("rn", "m").replaceAll("vv", "w").replaceAll("cl", "d");
}

const ignored = /[\p{M}-]/u;

/** Each written as the Latin letter it is taken for. 0 and o, and 1, i and l fall together. */
const doubles: ReadonlyMap<string, string> = new Map(
  Object.entries({
    o: "0ο\u043e\u0585",
    l: "1i|\u0456\u04cf\u03b9\u0131",
    a: "\u0430\u03b1",
    b: "\u0432\u044c",
    c: "\u0441\u03f2",
    d: "\u0501",
    e: "3\u0435\u0451",
    g: "9\u0261",
    h: "\u04bb\u043d",
    j: "\u0458\u03f3",
    k: "\u043a\u03ba",
    m: "\u043c",
    n: "\u03b7\u0578",
    p: "\u0440\u03c1",
    q: "\u051b",
    r: "\u0433",
    s: "5\u0455",
    t: "7\u0442\u03c4",
    u: "\u03c5\u057d",
    v: "\u03bd\u0475",
    w: "\u051d\u0461",
    x: "\u0445\u03c7",
    y: "\u0443\u03b3",
    z: "2",
  }).flatMap(([latin, others]) => Array.from(others, (other) => [other, latin] as const)),
);

/** One letter more, fewer, other, or two neighbours exchanged. Linear in the length. */
function isOneSlip(a: string, b: string): boolean {
  if (Math.abs(a.length - b.length) > 1) return false;
  let start = 0;
  while (start < a.length && a[start] === b[start]) start++;
  let end = 0;
  while (end < Math.min(a.length, b.length) - start && a[a.length - 1 - end] === b[b.length - 1 - end]) end++;
  const [left, right] = [a.slice(start, a.length - end), b.slice(start, b.length - end)];
  if (left.length <= 1 && right.length <= 1) return true;
  return left.length === 2 && right.length === 2 && left[0] === right[1] && left[1] === right[0];
}
