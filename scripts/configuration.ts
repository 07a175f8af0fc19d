/**
 * Writes docs/configuration.md from the schema of the configuration: every key with what it takes, its default and its help (house rule 16).
 * `node scripts/configuration.ts` writes; `--check` only compares and exits 1 when the file is stale.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { allKeys, type KnownKey } from "../src/config/known-keys.ts";
import { defaultWords } from "../src/config/sample.ts";

const target = new URL("../docs/configuration.md", import.meta.url);

const intro = `# Configuration

Made from the code by \`node scripts/configuration.ts\`; a test fails when it is stale.

One file, \`assay.toml\`, in [TOML](https://toml.io). Every key has a default, and the defaults act on nothing: mail is stamped and recorded. A key
that does not exist is a mistake, so that a slip of the pen is not taken for a default. \`assay config sample\` prints a file with every key to start from.

\`\`\`toml
authserv_id = "mx.contoso.com"

[[domains]]
name = "contoso.com"

[listen]
milter = "inet:127.0.0.1:8891"

[memory]
url = "sqlite:assay.db"
\`\`\`

| command | does |
| --- | --- |
| \`assay config check FILE\` | lists all mistakes at once, each with line, value, what is wanted and the key that was probably meant; and warnings, which leave the file in force |
| \`assay config print [FILE]\` | every key with its value in force, and whether that is the file's (with its line) or the default; passwords are left out |
| \`assay config print --policy [FILE]\` | what is done about mail, as tables to read and to compare with those of another file |
| \`assay config sample\` | a file with every key, its help and its default |

## From observing to enforcing

\`policy.mode = "observe"\` is the default. Each rule can then act on its own, by its name in \`[policy.enforce]\`; \`policy.mode = "enforce"\` makes all of them
act but those that are set to false there. What a rule that is held back would have done is in the inspection (\`withheld\`) and in \`assay readiness\`.

\`\`\`toml
[policy]
mode = "observe"

[policy.enforce]
from = true
dmarc_reject = true
\`\`\`

## One organization or several

\`[[domains]]\` are the accepted domains of the one organization, and there is no more to say. Where several share an installation, each has a table
\`[[tenants]]\` with its domains; every accepted domain belongs to exactly one, and \`[[domains]]\` then only adds settings.

\`\`\`toml
[[tenants]]
id = "contoso"
domains = ["contoso.com", "contoso.example"]

[[tenants]]
id = "fabrikam"
domains = ["fabrikam.com"]

[[domains]]
name = "fabrikam.com"
ipv6 = true
\`\`\`

## Whose word is trusted

What many organizations share is refused as a mark of one: reverse names and address ranges of large providers, names below which strangers register, and
networks that are too large. \`policy.profile = "consumer"\`, for recipients whose policy nobody administers, refuses the file if anything in it would
accept: \`trust.hops\`, \`trust.sealers\`, \`trust.gateways\`, \`trust.forwarders\`, and rules that bypass.
`;

/** The whole page. */
export function configurationPage(): string {
  const groups = [...new Set(allKeys.filter(({ kind }) => kind === "value").map(({ path }) => parentOf(path)))];
  return `${[intro, "## Every key", ...groups.flatMap(group)].join("\n")}\n`;
}

function group(parent: string): readonly string[] {
  const keys = allKeys.filter((key) => key.kind === "value" && parentOf(key.path) === parent);
  const table = allKeys.find(({ path }) => path === parent.replace(/\[\]$/, ""));
  const head = parent === "" ? "At the top of the file" : titleOf(parent);
  return [
    "",
    `### ${head}`,
    "",
    ...(table === undefined || table.help === "" ? [] : [table.help, ""]),
    "| key | takes | default | what it is for |",
    "| --- | --- | --- | --- |",
    ...keys.map(row),
  ];
}

function titleOf(parent: string): string {
  const known = allKeys.find(({ path }) => path === parent.replace(/\[\]$/, ""));
  if (known?.kind === "tables") return `\`[[${parent.slice(0, -2)}]]\``;
  return known?.kind === "table" ? `\`[${parent}]\`` : `\`${parent.replace(/\[\]$/, "")}\`, written \`{ … }\``;
}

function row(key: KnownKey): string {
  const name = key.path.slice(key.path.lastIndexOf(".") + 1);
  return `| \`${name}\` | ${cell(key.wanted)} | ${cell(defaultWords(key))} | ${cell(key.help)} |`;
}

function cell(text: string): string {
  return text.replaceAll("|", "\\|").replaceAll("*", "\\*").replaceAll("[[", "\\[\\[");
}

function parentOf(path: string): string {
  return path.slice(0, Math.max(0, path.lastIndexOf(".")));
}

if (import.meta.main) {
  const page = configurationPage();
  if (process.argv.includes("--check")) {
    const stale = readFileSync(target, "utf8") !== page;
    if (stale) process.stderr.write("docs/configuration.md is stale: run node scripts/configuration.ts\n");
    process.exitCode = stale ? 1 : 0;
  } else writeFileSync(target, page);
}
