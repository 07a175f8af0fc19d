/**
 * Reads one action of a rule: `stamp X-NAME "VALUE"`, `junk`, `quarantine`, `reject` with or without a text of its own, `bypass SCOPE`.
 * A rule stamps only fields that no program takes for anybody's verdict: names that begin with X-, ours apart.
 */
import { actionWords, type RuleAction } from "./rule.ts";
import { peek, type Reader, type Unread, unread } from "./rule-reader.ts";
import { scopes } from "./scope.ts";

export function parseAction(reader: Reader): RuleAction | Unread {
  const token = peek(reader);
  const word = token.kind === "word" ? actionWords.find((one) => one === token.text.toLowerCase()) : undefined;
  if (word === undefined) return unread(reader, actionWords.join(", "), actionWords);
  reader.at++;
  switch (word) {
    case "junk":
    case "quarantine":
      return { kind: word };
    case "reject":
      return readReject(reader);
    case "bypass":
      return readBypass(reader);
    case "stamp":
      return readStamp(reader);
    default:
      return word satisfies never;
  }
}

function readReject(reader: Reader): RuleAction | Unread {
  const token = peek(reader);
  if (token.kind !== "text") return { kind: "reject", text: null };
  if (!line.test(token.text)) return unread(reader, "a reply in printable ASCII");
  reader.at++;
  return { kind: "reject", text: token.text };
}

function readBypass(reader: Reader): RuleAction | Unread {
  const token = peek(reader);
  const scope = token.kind === "word" ? scopes.find((one) => one === token.text.toLowerCase()) : undefined;
  if (scope === undefined) return unread(reader, scopes.join(", "), scopes);
  reader.at++;
  return { kind: "bypass", scope };
}

function readStamp(reader: Reader): RuleAction | Unread {
  const name = peek(reader);
  if (name.kind !== "word" || !stampName.test(name.text)) return unread(reader, "a field name that begins with X-, and not with X-Assay-");
  reader.at++;
  const value = peek(reader);
  if (value.kind !== "text" || !line.test(value.text)) return unread(reader, "a value in quotes, in printable ASCII");
  reader.at++;
  return { kind: "stamp", name: name.text, value: value.text };
}

// X-MS-Exchange- and X-Forefront- are read as verdicts of the system that writes them.
const stampName = /^X-(?!Assay-|MS-Exchange-|Microsoft-Antispam|Forefront-)[A-Za-z0-9-]{1,62}$/i;
const line = /^[ -~]*[!-~]$/;
