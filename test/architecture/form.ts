/**
 * How a file is written (house rules 2, 8, 9, 15): its name, its first lines, its length, the length and the parameters of its
 * functions, and tests that are skipped without saying why. Each check gives one line a fault.
 */
import { basename } from "node:path/posix";
import { type FunctionShape, functionsOf } from "./functions.ts";
import { lineAt, type Source } from "./sources.ts";

const fileLinesMax = 400;
const functionLinesMax = 70;
const parametersMax = { exported: 3, inside: 4 };
const headerLinesMax = 12;
/** Names that say nothing: what is inside has a name of its own. */
const emptyNames = [
  "utils",
  "util",
  "helpers",
  "helper",
  "common",
  "types",
  "type",
  "tools",
  "tool",
  "manager",
  "service",
  "services",
  "misc",
];

export function nameFaults({ path }: Source): readonly string[] {
  const name = basename(path).replace(/(\.test)?\.ts$/, "");
  const faults: string[] = [];
  if (!/^[a-z0-9]+(?:-[a-z0-9]+)*$/.test(name)) faults.push(`${path}: names are kebab-case`);
  const words = name.split("-");
  if (words.some((word) => emptyNames.includes(word))) faults.push(`${path}: a name that says nothing`);
  return faults;
}

/** A file starts with what it is, which RFC, what it refuses to do; a test file may do so in its test names. */
export function headerFaults({ path, text, isTest }: Source): readonly string[] {
  const header = /^(?:#![^\n]*\n)?\/\*\*[\s\S]*?\*\//.exec(text)?.[0];
  if (header === undefined) return isTest ? [] : [`${path}: starts without its header comment`];
  const lines = header.split("\n").length;
  return lines > headerLinesMax ? [`${path}: header comment of ${lines} lines, the most is ${headerLinesMax}`] : [];
}

export function lengthFaults(source: Source): readonly string[] {
  if (source.isTest) return [];
  const lines = source.text.trimEnd().split("\n").length;
  const faults = lines > fileLinesMax ? [`${source.path}: ${lines} lines, the most is ${fileLinesMax}`] : [];
  const long = functionsOf(source).filter((each) => each.lines > functionLinesMax);
  return [...faults, ...long.map((each) => `${place(source, each)}: ${each.lines} lines, the most is ${functionLinesMax}`)];
}

export function parameterFaults(source: Source): readonly string[] {
  if (source.isTest) return [];
  const named = functionsOf(source).filter(({ name }) => name !== "");
  return named.flatMap((each) => {
    // `this` is no parameter of the caller's; an assertion is there to take a condition.
    const parameters = each.parameters.filter((parameter) => !/^this\s*:/.test(parameter));
    const flags = each.returns.includes("asserts ") ? [] : parameters.filter(isBoolean);
    const max = each.isExported ? parametersMax.exported : parametersMax.inside;
    return [
      ...flags.map((flag) => `${place(source, each)}: boolean parameter (${flag})`),
      ...(parameters.length > max ? [`${place(source, each)}: ${parameters.length} positional parameters, the most is ${max}`] : []),
    ];
  });
}

function isBoolean(parameter: string): boolean {
  return /^[\w$]+\??\s*:\s*boolean(?:\s*=.*)?$/.test(parameter) || /=\s*(?:true|false)$/.test(parameter);
}

function place({ path }: Source, { name, line }: FunctionShape): string {
  return `${path}:${line} ${name === "" ? "arrow function" : name}`;
}

const silentSkips: readonly (readonly [RegExp, string])[] = [
  [/\b(?:test|it|describe|suite)\s*\.\s*(?:skip|todo)\b/g, "give the reason: { skip: reason }"],
  [/\b(?:skip|todo)\s*:\s*true\b/g, "give the reason: { skip: reason }"],
  [/\.\s*(?:skip|todo)\s*\(\s*\)/g, "give the reason: t.skip(reason)"],
  [/\b(?:test|it|describe|suite)\s*\.\s*only\b|\bonly\s*:\s*true\b/g, "no test stands in for the others"],
];

export function skipFaults({ path, code, isTest }: Source): readonly string[] {
  if (!isTest) return [];
  return silentSkips.flatMap(([pattern, fault]) =>
    [...code.matchAll(pattern)].map((match) => `${path}:${lineAt(code, match.index)} ${match[0]}: ${fault}`),
  );
}
