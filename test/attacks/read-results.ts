/**
 * Reads an Authentication-Results field as RFC 8601 §2.2 defines it and no more: a tokenizer of its own, so that the engine's
 * parser and writer are not each other's only witness. Anything outside the grammar throws.
 */
import assert from "node:assert/strict";

export type WrittenResult = {
  readonly method: string;
  readonly result: string;
  readonly properties: readonly (readonly [string, string])[];
};

export function readResults(field: string): { authservId: string; results: WrittenResult[] } {
  // RFC 5322 §2.2: printable US-ASCII and folds before white space; nothing else may stand in a field we write.
  assert.match(field, /^Authentication-Results:(?:[ -~]|\r\n[ \t]|\t)*$/);
  const tokens = tokenize(field.slice(field.indexOf(":") + 1).replaceAll("\r\n", ""));
  const groups: string[][] = [[]];
  for (const token of tokens) {
    if (token === ";") groups.push([]);
    else groups.at(-1)?.push(token);
  }
  const [first = [], ...rest] = groups;
  assert.equal(first.length, 1, `authserv-id ${first.join(" ")}`);
  return { authservId: first[0] ?? "", results: rest.filter((group) => group.join() !== "none").map(readResult) };
}

function readResult(tokens: readonly string[]): WrittenResult {
  const pairs: [string, string][] = [];
  for (let i = 0; i < tokens.length; i += 3) {
    assert.equal(tokens[i + 1], "=", tokens.join(" "));
    pairs.push([tokens[i] ?? "", tokens[i + 2] ?? ""]);
  }
  const [[method, result] = ["", ""], ...rest] = pairs;
  assert.match(method, /^[a-z]+$/);
  assert.match(result, /^[a-z]+$/);
  for (const [name] of rest) assert.match(name, /^(?:reason|[a-z]+\.[a-z-]+)$/);
  return { method, result, properties: rest.filter(([name]) => name !== "reason") };
}

/** Words, `=` and `;`; quoted strings unquoted, comments left out. An address may join words with "@" (RFC 8601 §2.2, pvalue). */
function tokenize(text: string): string[] {
  const tokens: string[] = [];
  for (let at = 0; at < text.length; ) {
    const here = text[at] ?? "";
    if (here === " " || here === "\t") at += 1;
    else if (here === "(") at = afterComment(text, at);
    else if (here === "=" || here === ";") {
      tokens.push(here);
      at += 1;
    } else {
      const word = /^(?:"(?:[^"\\]|\\.)*"|[!#$%&'*+\-./0-9A-Z^_`a-z{|}~@:])+/.exec(text.slice(at))?.[0] ?? "";
      assert.notEqual(word, "", `at ${at}: ${text.slice(at, at + 20)}`);
      tokens.push(word.startsWith('"') && word.endsWith('"') ? word.slice(1, -1).replace(/\\(.)/g, "$1") : word);
      at += word.length;
    }
  }
  return tokens;
}

function afterComment(text: string, from: number): number {
  let depth = 0;
  for (let at = from; at < text.length; at++) {
    if (text[at] === "\\") at += 1;
    else if (text[at] === "(") depth += 1;
    else if (text[at] === ")") depth -= 1;
    if (depth === 0) return at + 1;
  }
  assert.fail("a comment that does not end");
}
